using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Outputs;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Where an unfinished run stands: trained weights and optimiser states to the last bit, the next step and sample.
/// Saved whole or not at all, so that a run killed at any
/// moment goes on from its last save and ends with the same bytes.
/// </summary>
internal sealed record TrainingState(int Step, int Epoch, long NextIndex, SkipCounts Skipped)
{
    public static TrainingState Start => new(0, 0, 0, []);

    private const string StepName = "step", EpochName = "epoch", NextName = "next";

    public void Save(string path, string key, ModelIdentity? model, IReadOnlyList<Parameter> parameters, IOptimiser optimiser)
    {
        using var _ = no_grad();
        Write(path, Tensors(parameters, optimiser), Entries(key, model));
    }

    /// <summary>Copies into memory what is to be saved, so that the training can go on.</summary>
    /// <returns>Writes the copies as <see cref="Save"/> writes the originals, on any thread, and frees them.</returns>
    public Action Copy(string path, string key, ModelIdentity? model, IReadOnlyList<Parameter> parameters, IOptimiser optimiser)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        (string Name, Tensor Value)[] copies = [.. Tensors(parameters, optimiser)
            .Select(t => (t.Name, t.Value.detach().to(CPU, copy: true).DetachFromDisposeScope()))];
        var entries = Entries(key, model);
        return () =>
        {
            try
            {
                Write(path, copies, entries);
            }
            finally
            {
                foreach (var (_, copy) in copies) copy.Dispose();
            }
        };
    }

    /// <summary>The leader's state, weights and optimiser on every rank.</summary>
    public TrainingState Shared(ICollective ranks, IReadOnlyList<Parameter> parameters, IOptimiser optimiser)
    {
        using var _ = no_grad();
        foreach (var (_, value) in Tensors(parameters, optimiser)) ranks.Broadcast(value, from: 0);
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes))
        {
            writer.Write(Step);
            writer.Write(Epoch);
            writer.Write(NextIndex);
            writer.Write(Skipped.ToJson());
        }
        using var reader = new BinaryReader(new MemoryStream(ranks.Broadcast(bytes.ToArray())));
        var shared = new TrainingState(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt64(), SkipCounts.Parse(reader.ReadString()));
        optimiser.SetSteps(shared.Step);
        return shared;
    }

    private Dictionary<string, string> Entries(string key, ModelIdentity? model) => new(SavedState.Entries(key, model, Skipped))
    {
        [StepName] = $"{Step}", [EpochName] = $"{Epoch}", [NextName] = $"{NextIndex}",
    };

    private static IEnumerable<(string Name, Tensor Value)> Tensors(IReadOnlyList<Parameter> parameters, IOptimiser optimiser) =>
        parameters.Select(p => ($"weight.{p.Name}", p.Value)).Concat(optimiser.States);

    private static void Write(string path, IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string> entries)
    {
        string beside = path + ".partial";
        SafeTensorsWriter.Write(beside, tensors.Select(t => TensorSource.FromTensor(t.Name, t.Value)), entries);
        Durable.FlushFile(beside);
        File.Move(beside, path, overwrite: true);
    }

    /// <summary>Resumes from a saved state of the same key; else begins at the start.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Hash of everything that decides the result.</param>
    /// <param name="most">The last step, epoch and sample there can be.</param>
    /// <param name="parameters">Receive the saved weights.</param>
    /// <param name="optimiser">Receives its saved states.</param>
    /// <exception cref="InputException">The state is damaged.</exception>
    public static TrainingState Load(string path, string key, TrainingState most, IReadOnlyList<Parameter> parameters, IOptimiser optimiser)
    {
        if (!File.Exists(path)) return Start;
        using var file = SafeTensorsFile.Open(path);
        var found = new SavedState(path, file.Metadata);
        if (!found.BelongsTo(key)) return Start;
        TrainingState state = new((int)found.Number(StepName, most.Step, least: 1), (int)found.Number(EpochName, most.Epoch),
            found.Number(NextName, most.NextIndex), found.SkipCounts());
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var saved = file.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        foreach (var (name, value) in Tensors(parameters, optimiser))
        {
            if (!saved.TryGetValue(name, out var entry) || !entry.Shape.AsSpan().SequenceEqual(value.shape))
                throw found.Damaged($"it lacks {name}");
            value.copy_(ParameterSources.Load(file, entry, CPU));
        }
        optimiser.SetSteps(state.Step);
        return state;
    }
}
