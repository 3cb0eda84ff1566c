using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>
/// The artefact <c>stability.json</c>: how sure a plan is, given the samples it was measured on. An adaptive calibration leaves it;
/// <c>plan --stability</c> shows it of any calibration.
/// </summary>
/// <param name="Settings">The plan that was asked for.</param>
/// <param name="Layers">Decoder layers of the model, L.</param>
/// <param name="Samples">Samples that were measured.</param>
/// <param name="Drawn">Of an adaptive calibration, rows that were drawn for it: what it would have used to the end.</param>
/// <param name="Resamples">Drawings of the samples from themselves.</param>
/// <param name="Drop">Layers that the plan of all samples drops.</param>
/// <param name="Tune">Layers that it tunes.</param>
/// <param name="DropAgreement">Share of drawings that drop exactly these layers.</param>
/// <param name="PlanAgreement">Share that tune exactly these layers too.</param>
/// <param name="DropProbability">[L] share of drawings that drop each layer.</param>
/// <param name="TuneProbability">[L] share that tune it.</param>
/// <param name="Checks">Of an adaptive calibration, its checks in order.</param>
public sealed record PlanStability(string Format, string CreatedBy, PlanOptions Settings, int Seed, CalibrationInputs Inputs, int Layers,
    int Samples,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Drawn, int Resamples, int[] Drop, int[] Tune,
    double DropAgreement, double PlanAgreement, double[] DropProbability, double[] TuneProbability, StabilityCheck[] Checks) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "stability.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-stability/1";

    /// <summary>The stability of a plan from a calibration's artefact and the sums per sample beside it.</summary>
    /// <param name="path">The calibration's <c>similarity.json</c>.</param>
    /// <param name="options">The plan that is asked for.</param>
    /// <param name="seed">Seed of the drawings.</param>
    /// <exception cref="InputException">A file is absent or another calibration's, or there is no such plan.</exception>
    public static PlanStability Of(string path, PlanOptions options, int seed)
    {
        var similarity = LayerSimilarity.Load(path);
        PlanStage.Run(similarity, options, seed, Path.GetDirectoryName(path));   // says what is wrong with the options, in its own words
        var (samples, metadata) = SampleSumsFile.Beside(path, similarity);
        var found = new PlanBootstrap(similarity.Layers, similarity.VisualLevels, options, seed).Of(samples)!;
        int? drawn = int.TryParse(metadata.GetValueOrDefault(SampleSumsFile.Drawn), out int rows) ? rows : null;
        return new(CurrentFormat, ProgramVersion.CreatedBy, options, seed, similarity.Inputs, similarity.Layers, samples.Count, drawn,
            PlanBootstrap.Resamples,
            [.. found.Plan.Drop], [.. found.Plan.Tune], found.SameDrop, found.SamePlan, found.Drop, found.Tune, []);
    }

    /// <summary>Reads an artefact.</summary>
    /// <exception cref="InputException">It is absent or wrong.</exception>
    public static PlanStability Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<PlanStability>(), CurrentFormat, "an adaptive calibration leaves it",
            "is no valid stability", found =>
        {
            Counts.Check(found.Layers, "layers", least: 1, most: Counts.MostLayers);
            Counts.Check(found.Samples, "samples", least: 1);
            Counts.Check(found.Drawn ?? found.Samples, "drawn samples", least: found.Samples);
            Counts.Check(found.Resamples, "resamplings", least: 1);
            Counts.CheckLayers(found.Drop, "dropped layers", found.Layers);
            Counts.CheckLayers(found.Tune, "tuned layers", found.Layers);
            Counts.CheckNumbers([found.DropAgreement, found.PlanAgreement, .. found.DropProbability, .. found.TuneProbability,
                .. found.Checks.Select(check => check.Agreement)], "shares", 0, 1);
            foreach (var check in found.Checks)
            {
                Counts.Check(check.Samples, "samples at a check", most: found.Drawn ?? found.Samples);
                Counts.CheckLayers(check.Drop, "dropped layers at a check", found.Layers);
            }
            if (found.DropProbability.Length != found.Layers || found.TuneProbability.Length != found.Layers)
                throw new JsonException($"its probabilities are not one for each of {found.Layers} layers");
        });

    /// <summary>The text of the artefact.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<PlanStability>());

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<PlanStability>());
}
