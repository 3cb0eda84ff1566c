using System.Text.Json.Nodes;
using Interlace.Pruning.Bridging;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning;

/// <summary>One thing that was checked.</summary>
/// <param name="Name">What, in a few words.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Detail">One sentence: the numbers, or the first fault.</param>
public sealed record Check(string Name, bool Passed, string Detail);

/// <summary>
/// Checks the structure of a pruned model folder against its parent: index, config, layer numbers, shapes, and the bytes of every tensor
/// that nobody may have changed. Tuned layers may hold other values, and so may what the folder's record of its training names besides (the
/// projector, or every kept layer), and the last weights of the feed-forward before dropped layers, where the record says that these were
/// bridged; both are counted; everything else must be the parent's, byte for byte. Nothing is computed with the
/// weights.
/// </summary>
public static class Verification
{
    /// <summary>Every check, in the order of their making; a folder that cannot be opened ends them early.</summary>
    /// <param name="pruned">The pruned, and perhaps tuned, model folder with its <c>plan.json</c>.</param>
    /// <param name="parentFolder">The model it was made from.</param>
    /// <param name="cancel">Stops between tensors.</param>
    /// <exception cref="InputException">The parent itself is no complete model.</exception>
    public static IReadOnlyList<Check> Structure(string pruned, string parentFolder, CancellationToken cancel = default)
    {
        using var parent = Checkpoint.Open(parentFolder);
        var parentLayout = DecoderLayout.Of(parent);
        var checks = new List<Check>();
        try
        {
            var plan = PlanFile.Load(Path.Combine(pruned, PlanFile.Name));
            checks.Add(PlanFits(plan, parent, parentLayout));
            if (!checks[^1].Passed) return checks;
            using var child = Checkpoint.Open(pruned);
            checks.Add(new("files", true, $"{child.Names.Count} tensors in {child.Files.Count} files, all listed and complete."));
            checks.Add(IndexAgrees(child));
            checks.Add(ConfigAgrees(child, parent, parentLayout, plan));
            var layout = DecoderLayout.Of(child);
            checks.Add(new("layer numbers", layout.LayerCount == plan.Kept.Length,
                $"{layout.LayerCount} decoder layers, numbered from 0 without a gap; the plan keeps {plan.Kept.Length}."));
            if (!checks[^1].Passed) return checks;
            checks.AddRange(TensorsAgree(child, layout, parent, parentLayout, plan, BridgedBy(pruned, plan), cancel));
            checks.Add(AreNumbers(child, cancel));
            checks.Add(CompanionsAgree(pruned, parentFolder));
            checks.Add(RecordAgrees(pruned, parent, plan));
            child.CheckUnchanged();
            parent.CheckUnchanged();
        }
        catch (InputException e)
        {
            checks.Add(new("complete model", false, e.Message));
        }
        return checks;
    }

    /// <summary>Original indices of the layers that may hold a bridge: the record names them and they stand before dropped ones.</summary>
    private static HashSet<int> BridgedBy(string pruned, PruningPlan plan)
    {
        if (!File.Exists(Path.Combine(pruned, PrunedModelFile.Name))) return [];
        try
        {
            var named = PrunedModelFile.Load(pruned).Bridge?.Layers.Select(layer => layer.Layer) ?? [];
            return [.. named.Intersect(DroppedRun.Of(plan).Select(run => run.Before))];
        }
        catch (InputException)
        {
            return [];   // what is wrong with the record is told by its own check
        }
    }

    private static Check PlanFits(PruningPlan plan, Checkpoint parent, DecoderLayout layout)
    {
        string? fault = plan.LayerCount != layout.LayerCount
            ? $"it is for {plan.LayerCount} decoder layers, the parent has {layout.LayerCount}"
            : plan.Origin.Model?.DifferenceFrom(ModelIdentity.Of(parent));
        return new("plan", fault is null, fault is null
            ? $"The plan drops {plan.Drop.Length} of the parent's {plan.LayerCount} decoder layers."
            : $"The plan was made for another model: {fault}.");
    }

    private static Check IndexAgrees(Checkpoint child)
    {
        const string name = "index";
        string path = Path.Combine(child.Folder, Checkpoint.IndexName);
        if (!File.Exists(path)) return new(name, true, "One weight file needs no index.");
        long bytes = child.Files.Sum(file => file.Tensors.Sum(tensor => tensor.Bytes));
        return (StrictJson.ReadObject(path)["metadata"] as JsonObject)?["total_size"] is JsonValue value
            && value.TryGetValue(out long stated) && stated == bytes
            ? new(name, true, $"The index lists every tensor and states their {bytes} bytes.")
            : new(name, false, $"The index does not state the {bytes} bytes of the tensors as its total_size.");
    }

    private static Check ConfigAgrees(Checkpoint child, Checkpoint parent, DecoderLayout parentLayout, PruningPlan plan)
    {
        byte[] expected = parentLayout.KeepLayers(File.ReadAllBytes(Path.Combine(parent.Folder, "config.json")), plan.Kept);
        return JsonNode.DeepEquals(StrictJson.Parse(expected), child.Config)
            ? new("config", true, $"The config is the parent's with {plan.Kept.Length} decoder layers.")
            : new("config", false, "The config differs from the parent's in more than its number of decoder layers, "
                + $"or that number is not {plan.Kept.Length}.");
    }

    private static IEnumerable<Check> TensorsAgree(Checkpoint child, DecoderLayout layout, Checkpoint parent, DecoderLayout parentLayout,
        PruningPlan plan, HashSet<int> bridgedLayers, CancellationToken cancel)
    {
        var origin = child.Names.ToDictionary(name => name, name => layout.Parse(name) is var (layer, part)
            ? parentLayout.Name(plan.OriginalIndex(layer), part) : name, StringComparer.Ordinal);
        var expected = parent.Names.Where(name => parentLayout.Parse(name) is not var (layer, _) || plan.NewIndex(layer) is not null)
            .ToHashSet(StringComparer.Ordinal);
        string[] unexpected = [.. origin.Where(pair => !expected.Contains(pair.Value)).Select(pair => pair.Key)
            .Order(StringComparer.Ordinal)];
        string[] missing = [.. expected.Except(origin.Values).Order(StringComparer.Ordinal)];
        bool complete = unexpected.Length + missing.Length == 0;
        string detail = complete ? $"All {expected.Count} tensors that the plan keeps are there and no others."
            : missing.Length > 0 ? $"{missing.Length} tensors are missing, first what was {missing[0]} in the parent."
            : $"{unexpected.Length} tensors are unexpected, first {unexpected[0]}.";
        yield return new("tensor names", complete, detail);

        string[] common = [.. origin.Where(pair => expected.Contains(pair.Value)).Select(pair => pair.Key).Order(StringComparer.Ordinal)];
        string[] reshaped = [.. common.Where(name => !SameShape(child.Find(name).Entry, parent.Find(origin[name]).Entry))];
        yield return new("shapes", reshaped.Length == 0, reshaped.Length == 0
            ? "Every tensor has its parent's shape and type."
            : $"{reshaped.Length} tensors have another shape or type than in the parent, first {reshaped[0]}.");

        var tuned = plan.TuneNew.ToHashSet();
        bool IsPlanned(string tensor) => layout.Parse(tensor) is var (layer, _) && tuned.Contains(layer);
        bool IsBridged(string tensor) => layout.Parse(tensor) is var (layer, part) && !tuned.Contains(layer)
            && bridgedLayers.Contains(plan.OriginalIndex(layer)) && DecoderLayout.IsFeedForwardOutput(part);
        bool Differs(string tensor) => !SameBytes(child.Find(tensor), parent.Find(origin[tensor]), cancel);
        string[] more = [.. common.Intersect(TrainedIn(child.Folder)).Where(tensor => !IsPlanned(tensor))];
        string[] untrained = [.. common.Except(more)];
        foreach (var (name, group) in new[]
        {
            ("outside the decoder layers", untrained.Where(tensor => layout.Parse(tensor) is null)),
            ("frozen layers", untrained.Where(tensor => layout.Parse(tensor) is not null && !IsPlanned(tensor) && !IsBridged(tensor))),
        })
        {
            string[] changed = [.. group.Where(Differs)];
            yield return new(name, changed.Length == 0, changed.Length == 0
                ? $"{group.Count()} tensors are the parent's, byte for byte."
                : $"{changed.Length} of {group.Count()} tensors differ from the parent's, first {changed[0]}.");
        }
        string[] trained = [.. common.Where(IsPlanned)];
        yield return new("tuned layers", true,
            $"{trained.Count(Differs)} of {trained.Length} tensors have other values than in the parent.");
        string[] bridged = [.. untrained.Where(IsBridged)];
        if (bridged.Length > 0)
        {
            yield return new("bridged layers", true, $"{bridged.Count(Differs)} of {bridged.Length} tensors outside the tuned "
                + "layers have taken up a bridge over dropped ones.");
        }
        if (more.Length > 0)
        {
            yield return new("trained beyond the plan", true, $"{more.Count(Differs)} of {more.Length} tensors that "
                + $"{PrunedModelFile.TrainingRecordName} names have other values than in the parent.");
        }
    }

    /// <summary>The tensors that a folder's record of its training names; none where there is no record.</summary>
    private static string[] TrainedIn(string folder)
    {
        string path = Path.Combine(folder, PrunedModelFile.TrainingRecordName);
        if (!File.Exists(path)) return [];
        return StrictJson.ReadObject(path)["tuned_parameters"] is JsonArray names
            ? [.. names.OfType<JsonValue>().Select(name => name.TryGetValue(out string? text) ? text : "")] : [];
    }

    private static Check AreNumbers(Checkpoint child, CancellationToken cancel) => NumberScan.First(child, cancel) is var (tensor, element)
        ? new("numbers", false, $"Weight {tensor} is no number (NaN or infinite) at element {element}: "
            + "copy or download the model again, or tune it again.")
        : new("numbers", true, "No weight is NaN or infinite.");

    private static Check CompanionsAgree(string pruned, string parent)
    {
        // A card tells of one model: here stands the parent's, an own one, or none.
        bool isWithoutTheirs = CardFile.IsOurs(pruned) || !File.Exists(Path.Combine(pruned, CardFile.Name));
        string[] differing = [.. LayerRemoval.Companions(parent).Where(file => file != CardFile.Name || !isWithoutTheirs).Where(file =>
            !File.Exists(Path.Combine(pruned, file))
                || !File.ReadAllBytes(Path.Combine(pruned, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(parent, file))))];
        if (LayerRemoval.AdapterFiles(pruned).FirstOrDefault() is { } adapter)
            return new("other files", false, $"{adapter} is an adapter's: programs that find it look for another model.");
        return new("other files", differing.Length == 0, differing.Length == 0
            ? "Tokenizer, processor and all other files are the parent's."
            : $"{differing.Length} files are missing or differ from the parent's, first {differing[0]}.");
    }

    /// <summary>The record of the folder's origin names this parent and the layers that the plan keeps.</summary>
    private static Check RecordAgrees(string pruned, Checkpoint parent, PruningPlan plan)
    {
        const string name = "record";
        if (!File.Exists(Path.Combine(pruned, PrunedModelFile.Name)))
            return new(name, true, $"There is no {PrunedModelFile.Name}; the plan alone says what the folder was made from.");
        PrunedModelFile record;
        try
        {
            record = PrunedModelFile.Load(pruned);
        }
        catch (InputException e)
        {
            return new(name, false, e.Message);
        }
        return record.Parent.DifferenceFrom(ModelIdentity.Of(parent)) is { } difference
            ? new(name, false, $"By {PrunedModelFile.Name} it was made from another model: {difference}.")
            : record.ParentLayers != plan.LayerCount || !record.KeptLayers.AsSpan().SequenceEqual(plan.Kept.AsSpan())
            ? new(name, false, $"By {PrunedModelFile.Name} it keeps other layers than by its plan.")
            : record.Bridge is { } bridge && !bridge.Layers.All(layer => IsRunOf(plan, layer))
            ? new(name, false, $"By {PrunedModelFile.Name} it bridges other layers than its plan drops.")
            : new(name, true, $"{PrunedModelFile.Name} names this parent and the layers that the plan keeps.");
    }

    private static bool IsRunOf(PruningPlan plan, BridgedLayer bridge) =>
        DroppedRun.Of(plan).Any(run => run.Before == bridge.Layer && run.Layers.AsSpan().SequenceEqual(bridge.Dropped));

    private static bool SameShape(TensorEntry a, TensorEntry b) => a.Type == b.Type && a.Shape.AsSpan().SequenceEqual(b.Shape);

    private static unsafe bool SameBytes((SafeTensorsFile File, TensorEntry Entry) a, (SafeTensorsFile File, TensorEntry Entry) b,
        CancellationToken cancel)
    {
        const int chunk = 1 << 26;
        if (a.Entry.Bytes != b.Entry.Bytes) return false;
        for (long done = 0; done < a.Entry.Bytes; done += chunk)
        {
            cancel.ThrowIfCancellationRequested();
            int length = (int)Math.Min(chunk, a.Entry.Bytes - done);
            if (!new ReadOnlySpan<byte>(a.File.Pointer(a.Entry) + done, length).SequenceEqual(new(b.File.Pointer(b.Entry) + done, length)))
                return false;
        }
        return true;
    }
}
