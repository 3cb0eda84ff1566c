using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Exporting;

/// <summary>
/// Checks a GGUF file against the model folder it was made from: keys, tokenizer included, and every tensor's name, shape, type and bytes.
/// The bytes are those that rounding the folder's weights to the file's type gives, and no others.
/// </summary>
public static class GgufVerification
{
    /// <summary>Beginnings of keys that describe a file and change nothing of its model.</summary>
    private static readonly string[] Descriptive = ["general.", "interlace.", "split.", "quantize."];

    /// <summary>Every check, in the order of their making; a file that cannot be compared ends them early.</summary>
    /// <param name="model">The model folder.</param>
    /// <param name="path">The file: of the decoder, or of the parts that see.</param>
    /// <param name="cancel">Stops between pieces.</param>
    /// <exception cref="InputException">The folder holds no model that can be exported, or the file is damaged.</exception>
    public static IReadOnlyList<Check> Of(string model, string path, CancellationToken cancel = default)
    {
        using var export = GgufExport.Open(model);
        using var file = GgufFile.Open(path);
        bool vision = file.Keys.Text("general.architecture") == GgufExport.VisionArchitecture;
        if (vision && !export.HasVision)
            return [new("kind", false, "It holds parts that see, and the folder has none that can be exported.")];
        long? number = file.Keys.Number("general.file_type");
        if (GgufFileType.All.FirstOrDefault(known => known.Number == number) is not { } type)
        {
            return [new("type", false, $"Its general.file_type is {number?.ToString() ?? "absent"}; what can be compared are "
                + $"{string.Join(", ", GgufFileType.All.Select(known => $"{known.Number} ({known.Name})"))}.")];
        }
        var content = vision ? export.Vision(type, []) : export.Decoder(type, []);
        var checks = new List<Check> { Keys(file, content), TensorNames(file, content) };
        if (!checks[^1].Passed) return checks;
        var tensors = file.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        checks.Add(Shapes(tensors, content));
        if (checks[^1].Passed) checks.Add(Bytes(file, tensors, content, type, cancel));
        export.Checkpoint.CheckUnchanged();
        return checks;
    }

    private static Check Keys(GgufFile file, GgufContent content)
    {
        GgufEntry[] expected = [.. content.Keys.Where(entry => !IsDescriptive(entry.Key) || entry.Key == "general.architecture")];
        string[] differing = [.. expected.Where(entry => !file.Keys.Has(entry)).Select(entry => entry.Key)];
        string[] unexpected = [.. file.Keys.Names.Except(expected.Select(entry => entry.Key)).Where(key => !IsDescriptive(key))
            .Order(StringComparer.Ordinal)];
        return new("keys", differing.Length + unexpected.Length == 0,
            differing.Length > 0 ? $"{differing.Length} of {expected.Length} keys are absent or have another value "
                + $"than the folder asks for, first {differing[0]}."
            : unexpected.Length > 0 ? $"{unexpected.Length} keys are unexpected, first {unexpected[0]}."
            : $"All {expected.Length} keys of architecture and tokenizer have the values that the folder asks for.");
    }

    private static Check TensorNames(GgufFile file, GgufContent content)
    {
        string[] expected = [.. content.Tensors.Select(tensor => tensor.Name)], found = [.. file.Tensors.Select(tensor => tensor.Name)];
        string[] missing = [.. expected.Except(found)], unexpected = [.. found.Except(expected)];
        return new("tensor names", missing.Length + unexpected.Length == 0,
            missing.Length > 0 ? $"{missing.Length} tensors are missing, first {missing[0]}."
            : unexpected.Length > 0 ? $"{unexpected.Length} tensors are unexpected, first {unexpected[0]}."
            : $"All {expected.Length} tensors of the folder are there and no others.");
    }

    private static Check Shapes(Dictionary<string, GgufTensor> tensors, GgufContent content)
    {
        var other = content.Tensors.FirstOrDefault(tensor => tensors[tensor.Name] is var found
            && (found.Type != tensor.Type || !found.Shape.AsSpan().SequenceEqual(tensor.Shape)));
        return new("shapes and types", other is null, other is null
            ? "Every tensor has the shape of the folder's and the type that belongs to the file's."
            : $"Tensor {other.Name} is {tensors[other.Name].Type} [{string.Join(", ", tensors[other.Name].Shape)}], "
                + $"expected {other.Type} [{string.Join(", ", other.Shape)}].");
    }

    private static Check Bytes(GgufFile file, Dictionary<string, GgufTensor> tensors, GgufContent content, GgufFileType type,
        CancellationToken cancel)
    {
        var differing = new List<(string Name, long Byte)>();
        foreach (var tensor in content.Tensors)
        {
            using var comparison = new ComparingStream(file, tensors[tensor.Name]);
            tensor.CopyTo(comparison, cancel);
            if (comparison.FirstDifference is { } at) differing.Add((tensor.Name, at));
        }
        return new("weights", differing.Count == 0, differing.Count == 0
            ? $"All {content.Weights} weights are the folder's, rounded to {type.Name} where they have more bits."
            : $"{differing.Count} of {content.Tensors.Count} tensors hold other weights, first {differing[0].Name} "
                + $"at byte {differing[0].Byte}.");
    }

    private static bool IsDescriptive(string key) => Descriptive.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal));
}
