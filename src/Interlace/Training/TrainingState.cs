using Interlace.Data;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Where an unfinished run stands: master weights and optimiser states to the last bit, the next step and sample. Saved whole or not at all, so that a run killed at any
/// moment goes on from its last save and ends with the same bytes.
/// </summary>
internal sealed record TrainingState(int Step, int Epoch, long NextIndex, SkipCounts Skipped)
{
    public static TrainingState Start => new(0, 0, 0, []);

    public void Save(string path, string key, IReadOnlyList<Parameter> parameters, AdamW optimiser)
    {
        using var _ = no_grad();
        var tensors = parameters.Select(p => ($"weight.{p.Name}", p.Value)).Concat(optimiser.States).Select(t => TensorSource.FromTensor(t.Item1, t.Item2));
        string beside = path + ".partial";
        SafeTensorsWriter.Write(beside, tensors, new Dictionary<string, string>
        {
            ["key"] = key, ["step"] = $"{Step}", ["epoch"] = $"{Epoch}", ["next"] = $"{NextIndex}", ["skipped"] = Skipped.ToJson(),
        });
        Durable.FlushFile(beside);
        File.Move(beside, path, overwrite: true);
    }

    /// <summary>Takes up a saved state of the same key; else the start.</summary>
    /// <exception cref="InputException">The state is damaged.</exception>
    public static TrainingState Load(string path, string key, IReadOnlyList<Parameter> parameters, AdamW optimiser)
    {
        if (!File.Exists(path)) return Start;
        using var file = SafeTensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault("key") != key) return Start;
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var saved = file.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        foreach (var (name, value) in parameters.Select(p => ($"weight.{p.Name}", p.Value)).Concat(optimiser.States))
        {
            if (!saved.TryGetValue(name, out var entry) || !entry.Shape.AsSpan().SequenceEqual(value.shape)) throw new InputException($"{path} lacks {name}: delete it and start the tuning again.");
            value.copy_(ParameterSources.Load(file, entry, CPU));
        }
        int Number(string field) => int.Parse(file.Metadata[field]);
        optimiser.SetSteps(Number("step"));
        return new(Number("step"), Number("epoch"), long.Parse(file.Metadata["next"]), SkipCounts.Parse(file.Metadata["skipped"]));
    }
}
