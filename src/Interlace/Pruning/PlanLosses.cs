using System.Text.Json;
using Interlace.Artefacts;

namespace Interlace.Pruning;

/// <summary>
/// The artefact <c>evidence/best.json</c>: losses of whole plans, by the layers that they drop: as the pruned model is, and with its
/// dropped layers bridged in closed form. It serves the method <c>best</c>; plans that drop the same layers share a row.
/// </summary>
/// <param name="Settings">What decided the losses.</param>
/// <param name="Bridge">What decided the bridges.</param>
/// <param name="Layers">Decoder layers of the model, L.</param>
/// <param name="Samples">Samples that were used.</param>
/// <param name="Tokens">Their tokens by class.</param>
/// <param name="AnswerTokens">Tokens that the losses are means over.</param>
/// <param name="Skipped">Samples left out, by reason.</param>
/// <param name="Loss">Mean cross-entropy with all layers.</param>
/// <param name="Plans">The plans: few dropped layers first, then in ascending order.</param>
public sealed record PlanLosses(string Format, string CreatedBy, EvidenceSettings Settings, Bridging.BridgeSettings Bridge, int Seed,
    EvidenceInputs Inputs, int Layers, int Samples, IReadOnlyDictionary<string, long> Tokens, long AnswerTokens,
    IReadOnlyDictionary<string, long> Skipped, double Loss, PlanLoss[] Plans) : IArtefact
{
    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-plan-losses/1";

    /// <summary>The losses of the plan that drops these layers; null where they were not measured.</summary>
    public PlanLoss? Of(IReadOnlyList<int> drop) => Array.Find(Plans, plan => plan.Drop.SequenceEqual(drop));

    /// <summary>The same with one more plan.</summary>
    internal PlanLosses With(PlanLoss plan) => this with
    {
        Plans = [.. Plans.Append(plan).OrderBy(one => one.Drop, LayerSets.InOrder)],
    };

    /// <summary>The text of the artefact.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<PlanLosses>());

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<PlanLosses>());

    /// <summary>True where the other one was measured with the same model, samples and settings, whatever plans it has.</summary>
    public bool IsOfTheSame(PlanLosses other) =>
        (this with { Loss = 0, Plans = [] }).ToJson() == (other with { Loss = 0, Plans = [] }).ToJson();

    /// <summary>Reads and checks an artefact.</summary>
    /// <exception cref="Vlm.InputException">It is absent, of another format, or holds what cannot be.</exception>
    public static PlanLosses Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<PlanLosses>(), CurrentFormat,
            "measure it with plan --best-of", "holds no valid losses of plans", found =>
        {
            Counts.Check(found.Layers, "layers", least: 1, most: Counts.MostLayers);
            Counts.CheckSamples(found.Samples, found.AnswerTokens, found.Tokens, found.Skipped);
            Counts.CheckNumbers([found.Loss], "losses", least: 0);
            foreach (var plan in found.Plans)
            {
                Counts.CheckLayers(plan.Drop, "dropped layers", found.Layers);
                Counts.CheckNumbers(new[] { plan.Loss, plan.BridgedLoss }.OfType<double>(), "losses", least: 0);
            }
            if (found.Plans.DistinctBy(plan => string.Join(',', plan.Drop)).Count() < found.Plans.Length)
                throw new JsonException("a plan stands in it twice");
        });
}

/// <summary>The losses of a plan.</summary>
/// <param name="Drop">The layers that it drops, ascending.</param>
/// <param name="Loss">Mean cross-entropy of the pruned model as it is; null where it is no number.</param>
/// <param name="BridgedLoss">The same with its dropped layers bridged; null where the model takes up no bridge or it is no number.</param>
public sealed record PlanLoss(int[] Drop, double? Loss, double? BridgedLoss);
