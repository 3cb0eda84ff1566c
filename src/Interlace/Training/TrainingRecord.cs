using Interlace.Artefacts;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Training;

/// <summary>The artefact <c>training.json</c> in a tuned folder: what was tuned, on what, how, and to which loss.</summary>
/// <param name="TunedLayers">Indices in the tuned model; none where the projector alone was trained.</param>
/// <param name="TunedParameters">Names of the tuned tensors; with adapters, of those that they are merged into.</param>
/// <param name="TunedWeights">Number of trained weights; with adapters, theirs.</param>
/// <param name="TunedSha256">Hash of the names, one a line.</param>
public sealed record TrainingRecord(string Format, string CreatedBy, FineTuneOptions Settings, DataOptions Data, string Device,
    string Dtype, int Seed, TrainingInputs Inputs,
    int[] TunedLayers, string[] TunedParameters, long TunedWeights, string TunedSha256, int Steps, long Samples,
    IReadOnlyDictionary<string, long> Skipped, double FirstLoss, double LastLoss) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = Pruning.PrunedModelFile.TrainingRecordName;

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-training/1";

    /// <summary>Reads an artefact.</summary>
    /// <exception cref="InputException">It is wrong.</exception>
    public static TrainingRecord Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<TrainingRecord>(), CurrentFormat, "tune a model first",
            "is no valid record of a training",
            found =>
        {
            Counts.Check(found.Steps, "steps", least: 1);
            Counts.Check(found.Samples, "samples", least: 1);
            Counts.Check(found.TunedWeights, "tuned weights", least: 1);
            Counts.Check(found.Skipped, "skipped samples");
            Counts.CheckLayers(found.TunedLayers, "tuned layers", Counts.MostLayers);
            Counts.CheckNumbers([found.FirstLoss, found.LastLoss], "losses");
        });

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<TrainingRecord>());
}
