using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning.Bridging;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Files;

namespace Interlace.Pruning;

/// <summary>How a pruned folder is written.</summary>
/// <param name="Overwrite">Replace a model folder that Interlace made at the place.</param>
/// <param name="FreeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
public sealed record LayerRemovalOptions(bool Overwrite = false, Func<string, long>? FreeBytes = null);

/// <summary>What was written.</summary>
/// <param name="Folder">The new model folder.</param>
/// <param name="LayerCount">Its decoder layers.</param>
/// <param name="TensorCount">Its tensors.</param>
/// <param name="Parameters">Its parameters; tied matrices count once.</param>
/// <param name="Bytes">Bytes of its tensors.</param>
/// <param name="LeftOut">Files of the parent's folder that are an adapter's and make no part of the model.</param>
/// <param name="Bridge">How the dropped layers were bridged; null where they were not.</param>
public sealed record PrunedModel(string Folder, int LayerCount, int TensorCount, long Parameters, long Bytes,
    IReadOnlyList<string> LeftOut, BridgeAccount? Bridge = null);

/// <summary>
/// Removes decoder layers from a checkpoint (paper 3.4): tensors of the layers that stay are renumbered and copied file to file by byte
/// range, shard by shard, in constant memory; everything else is copied as it is. The result is a folder that loads like its parent; the
/// plan and a record of its origin lie beside the model's files.
/// </summary>
public static class LayerRemoval
{
    private static readonly string[] WeightExtensions =
        [".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack", ".ckpt", ".npz"];

    /// <summary>Writes the pruned model of a plan. The folder appears whole or not at all.</summary>
    /// <param name="model">The parent's folder, which is only read.</param>
    /// <param name="plan">The plan; where it names a model, it must be this one.</param>
    /// <param name="target">The new folder.</param>
    /// <param name="options">How to write.</param>
    /// <param name="progress">Reports after each tensor.</param>
    /// <param name="cancel">Stops between chunks and leaves nothing behind.</param>
    /// <exception cref="InputException">
    /// The model is incomplete, the plan another model's, the place taken or the disk too full.
    /// </exception>
    public static PrunedModel Prune(string model, PruningPlan plan, string target, LayerRemovalOptions? options = null,
        IProgress<StageProgress>? progress = null, CancellationToken cancel = default) =>
        Prune(model, plan, target, options, null, progress, cancel);

    /// <summary>The same, with weights of the layers that stay replaced.</summary>
    /// <param name="model">The parent's folder, which is only read.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="target">The new folder.</param>
    /// <param name="options">How to write.</param>
    /// <param name="bridge">Given the folder in the making and the bytes that it will need, gives the weights; null for none.</param>
    /// <param name="progress">Reports after each tensor.</param>
    /// <param name="cancel">Stops between chunks and leaves nothing behind.</param>
    internal static PrunedModel Prune(string model, PruningPlan plan, string target, LayerRemovalOptions? options,
        Func<string, long, Bridges>? bridge, IProgress<StageProgress>? progress, CancellationToken cancel)
    {
        using var part = Profile.Of("prune");
        options ??= new();
        using var parent = Checkpoint.Open(model);
        var layout = DecoderLayout.Of(parent);
        var identity = ModelIdentity.Of(parent, cancel: cancel);
        CheckPlan(plan, model, layout, identity);
        OutputPlace.Check(target, model);

        IReadOnlyList<TensorSource>[] shards = [.. parent.Files.Select(file => Keep(file, layout, plan, null))];
        string[] companions = [.. Companions(model)];
        byte[] config = layout.KeepLayers(File.ReadAllBytes(Path.Combine(model, "config.json")), plan.Kept);
        layout.CheckQuantisationFiles(model, plan.Kept);
        var record = new PrunedModelFile(PrunedModelFile.CurrentFormat, ProgramVersion.CreatedBy, "prune", identity, plan.LayerCount,
            [.. plan.Kept], ParentRecord(model));
        long needed = shards.Sum(SafeTensorsWriter.LargestSize) + companions.Sum(file =>
            FileBytes(Path.Combine(model, file))) + RoomForRecords;

        using var folder = StagedFolder.Begin(target, needed, options.Overwrite ? ModelRecords.AreIn : null, options.FreeBytes);
        using var bridges = bridge?.Invoke(folder.FullPath, needed);
        if (bridges is not null) shards = [.. parent.Files.Select(file => Keep(file, layout, plan, bridges))];
        long total = shards.Sum(shard => shard.Sum(tensor => tensor.Bytes));
        CheckpointWriter.Write(folder.FullPath, shards, IndexMetadata(model), progress is null
            ? null : new ByteProgress("prune", total, progress), cancel);
        foreach (string file in companions) CopyFile(Path.Combine(model, file), Path.Combine(folder.FullPath, file));
        File.WriteAllBytes(Path.Combine(folder.FullPath, "config.json"), config);
        File.WriteAllText(Path.Combine(folder.FullPath, PrunedModelFile.Name), (record with { Bridge = bridges?.Account }).ToJson());
        PlanFile.Save(plan, Path.Combine(folder.FullPath, PlanFile.Name));
        cancel.ThrowIfCancellationRequested();
        parent.CheckUnchanged();
        folder.Commit();
        return new(target, plan.Kept.Length, shards.Sum(shard => shard.Count), shards.Sum(shard => shard.Sum(tensor => tensor.Elements)),
            total, [.. AdapterFiles(model)], bridges?.Account);
    }

    /// <summary>
    /// The files of a model folder that belong to it beside weights, index and config (tokenizer, templates, processors,
    /// generation settings, licence), relative to it, sorted.
    /// An adapter's are none of them.
    /// </summary>
    internal static IEnumerable<string> Companions(string model) =>
        Directory.EnumerateFiles(model).Select(file => Path.GetFileName(file))
            .Where(name => !WeightExtensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase)
                && !name.EndsWith(".index.json", StringComparison.Ordinal)
                && name is not ("config.json" or PlanFile.Name or PrunedModelFile.Name or Sparsity.SparsityFile.Name)
                && name is not (PrunedModelFile.TrainingRecordName or PrunedModelFile.TrainingLogName)
                && name is not (PrunedModelFile.TrainingEventsName or Checkpoint.AdapterName)
                && !name.StartsWith('.'))
            .Where(name => name != CardFile.Name || !CardFile.IsOurs(model))   // it tells of that model alone
            .Concat(MoreTemplates(model))
            .Order(StringComparer.Ordinal);

    /// <summary>An adapter's files in a model folder, which are never copied.</summary>
    internal static IEnumerable<string> AdapterFiles(string model) =>
        Directory.EnumerateFiles(model, "adapter_*").Select(file => Path.GetFileName(file))
        .Where(name => name == Checkpoint.AdapterName || name.StartsWith("adapter_model.", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private const long RoomForRecords = 1 << 20;

    private static IEnumerable<string> MoreTemplates(string model) => Directory.Exists(Path.Combine(model, ModelRecords.TemplateFolder))
        ? Directory.EnumerateFiles(Path.Combine(model, ModelRecords.TemplateFolder))
        .Select(file => Path.Combine(ModelRecords.TemplateFolder, Path.GetFileName(file)))
        : [];

    private static void CheckPlan(PruningPlan plan, string model, DecoderLayout layout, ModelIdentity identity)
    {
        if (plan.LayerCount != layout.LayerCount)
        {
            throw new PlanException($"The plan was made for a model with {plan.LayerCount} decoder layers, "
                + $"{model} has {layout.LayerCount}.");
        }
        if (plan.Origin.Model?.DifferenceFrom(identity) is { } difference)
            throw new PlanException($"The plan was made for another model than {model}: {difference}; calibrate and plan this one.");
    }

    private static IReadOnlyList<TensorSource> Keep(SafeTensorsFile file, DecoderLayout layout, PruningPlan plan, Bridges? bridges)
    {
        TensorSource Source(TensorEntry tensor, string name) => bridges?.Values.GetValueOrDefault(tensor.Name) is { } value
            ? TensorSource.FromTensor(name, value, tensor.Type) : TensorSource.FromFile(file.Path, tensor, name);
        var kept = new List<TensorSource>(file.Tensors.Count);
        foreach (var tensor in file.Tensors)
        {
            if (layout.Parse(tensor.Name) is not var (layer, part)) kept.Add(Source(tensor, tensor.Name));
            else if (plan.NewIndex(layer) is { } index) kept.Add(Source(tensor, layout.Name(index, part)));
        }
        return kept;
    }

    internal static JsonObject? IndexMetadata(string model)
    {
        string path = Path.Combine(model, Checkpoint.IndexName);
        return File.Exists(path) ? StrictJson.ReadObject(path)["metadata"] as JsonObject : null;
    }

    private static JsonObject? ParentRecord(string model)
    {
        string path = Path.Combine(model, PrunedModelFile.Name);
        return File.Exists(path) ? StrictJson.ReadObject(path) : null;
    }

    internal static long FileBytes(string path)
    {
        // Opened, not looked up: a link has a length of its own.
        using var file = UserFile.Open(path);
        return file.Length;
    }

    internal static void CopyFile(string source, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        // Copied as a stream: a read-only original would make a read-only copy, which could be neither flushed nor replaced.
        using var from = UserFile.Open(source);
        using var to = File.Create(target);
        from.CopyTo(to);
    }
}
