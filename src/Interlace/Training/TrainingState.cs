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

    /// <summary>Saves the state; where ranks hold shares of it all of them call, and the leader writes what they send it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Hash of everything that decides the result.</param>
    /// <param name="model">What the model is.</param>
    /// <param name="tensors">All tensors of the state.</param>
    /// <param name="ranks">The ranks.</param>
    public void Save(string path, string key, ModelIdentity? model, IEnumerable<StateTensor> tensors, ICollective ranks)
    {
        using var _ = no_grad();
        StateTensor[] all = [.. tensors];
        if (ranks.Rank == 0) Write(path, all.Select(tensor => Source(tensor, ranks)), Entries(key, model));
        else Send(all, ranks);
    }

    /// <summary>Copies into memory what is to be saved, so that the training can go on.</summary>
    /// <returns>Writes the copies as <see cref="Save"/> writes the originals, on any thread, and frees them.</returns>
    public Action Copy(string path, string key, ModelIdentity? model, IEnumerable<StateTensor> tensors)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        (string Name, Tensor Value)[] copies = [.. tensors
            .Select(t => (t.Name, t.Value!.detach().to(CPU, copy: true).DetachFromDisposeScope()))];
        var entries = Entries(key, model);
        return () =>
        {
            try
            {
                Write(path, copies.Select(t => TensorSource.FromTensor(t.Name, t.Value)), entries);
            }
            finally
            {
                foreach (var (_, copy) in copies) copy.Dispose();
            }
        };
    }

    /// <summary>The leader's state, on all ranks.</summary>
    private TrainingState Shared(ICollective ranks)
    {
        if (ranks.Count == 1) return this;
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes))
        {
            writer.Write(Step);
            writer.Write(Epoch);
            writer.Write(NextIndex);
            writer.Write(Skipped.ToJson());
        }
        using var reader = new BinaryReader(new MemoryStream(ranks.Broadcast(bytes.ToArray())));
        return new(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt64(), SkipCounts.Parse(reader.ReadString()));
    }

    private Dictionary<string, string> Entries(string key, ModelIdentity? model) => new(SavedState.Entries(key, model, Skipped))
    {
        [StepName] = $"{Step}", [EpochName] = $"{Epoch}", [NextName] = $"{NextIndex}",
    };

    private static void Write(string path, IEnumerable<TensorSource> tensors, IReadOnlyDictionary<string, string> entries)
    {
        string beside = path + ".partial";
        SafeTensorsWriter.Write(beside, tensors, entries);
        Durable.FlushFile(beside);
        File.Move(beside, path, overwrite: true);
    }

    /// <summary>Where the leader's file gets a tensor from: from here, or from its owner when its turn comes.</summary>
    private static TensorSource Source(StateTensor tensor, ICollective ranks) => tensor.Value is { } here
        ? TensorSource.FromTensor(tensor.Name, here)
        : TensorSource.FromMade(tensor.Name, tensor.Type.ToElementType(), tensor.Shape, () =>
        {
            Tensor received = empty(tensor.Shape, tensor.Type);
            ranks.Hand(received, tensor.Owner!.Value, to: 0);
            return received;
        });

    /// <summary>Sends what this rank holds and the leader does not, in the order in which the file has it.</summary>
    private static void Send(StateTensor[] tensors, ICollective ranks)
    {
        var own = tensors.Where(tensor => tensor.Owner == ranks.Rank).ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var source in SafeTensorsWriter.InFileOrder(own.Values.Select(tensor => Source(tensor, ranks))))
            ranks.Hand(own[source.Name].Value!, ranks.Rank, to: 0);
    }

    /// <summary>
    /// Resumes from a saved state of the same key; else begins at the start. All ranks call; the leader alone looks at the file, and gives
    /// every rank what it holds.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Hash of everything that decides the result.</param>
    /// <param name="most">The last step, epoch and sample there can be.</param>
    /// <param name="tensors">All tensors of the state, which receive what was saved.</param>
    /// <param name="ranks">The ranks.</param>
    /// <exception cref="InputException">The state is damaged.</exception>
    public static TrainingState Load(string path, string key, TrainingState most, IEnumerable<StateTensor> tensors, ICollective ranks)
    {
        using var file = ranks.Rank == 0 && File.Exists(path) ? SafeTensorsFile.Open(path) : null;
        var found = file is null ? null : new SavedState(path, file.Metadata);
        if (found is not null && !found.BelongsTo(key)) found = null;
        var state = (found is null ? Start : new((int)found.Number(StepName, most.Step, least: 1), (int)found.Number(EpochName, most.Epoch),
            found.Number(NextName, most.NextIndex), found.SkipCounts())).Shared(ranks);
        if (state.Step == 0) return state;
        using var _ = no_grad();
        var saved = file?.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            using var scope = NewDisposeScope();
            Receive(tensor, saved is null ? null : Saved(tensor), ranks);
        }
        return state;

        Tensor Saved(StateTensor tensor) =>
            saved.TryGetValue(tensor.Name, out var entry) && entry.Shape.AsSpan().SequenceEqual(tensor.Shape)
                ? ParameterSources.Load(file!, entry, CPU, tensor.Type) : throw found!.Damaged($"it lacks {tensor.Name}");
    }

    /// <summary>A tensor from the leader's file to whoever holds it.</summary>
    private static void Receive(StateTensor tensor, Tensor? saved, ICollective ranks)
    {
        if (saved is not null) tensor.Value?.copy_(saved);
        if (tensor.Owner is null) ranks.Broadcast(tensor.Value!, from: 0);
        else if (tensor.Owner != 0 && (saved ?? tensor.Value) is { } here) ranks.Hand(here, from: 0, tensor.Owner.Value);
    }
}
