using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Families;

/// <summary>The <c>rope_scaling</c> of a config from a GGUF file's keys and its tensor of factors, and the way back.</summary>
internal static class GgufRope
{
    // Llama 3.1's own, which no key of such a file says.
    private const double Low = 1, High = 4;
    private const int Original = 8192;
    private const string Llama31 = "llama3";

    /// <summary>The scaling, or null where positions are used as they are.</summary>
    /// <param name="file">The file.</param>
    /// <param name="prefix">The architecture's name.</param>
    /// <param name="headSize">Values of a head.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <exception cref="InputException">The scaling is of a kind that is not known.</exception>
    public static JsonObject? Scaling(GgufFile file, string prefix, int headSize, double theta)
    {
        string type = file.Keys.Text($"{prefix}.rope.scaling.type") ?? "none", factorKey = $"{prefix}.rope.scaling.factor";
        if (file.Tensors.FirstOrDefault(tensor => tensor.Name == GgufNames.RopeFactors) is { } factors)
        {
            if (type != "none")
            {
                throw new InputException($"{file.Path} has both {GgufNames.RopeFactors} and rope scaling {Text.Printable.Quote(type)}: "
                    + "take the model's original folder.");
            }
            int original = file.Keys.Count($"{prefix}.rope.scaling.original_context_length") ?? Original;
            return Llama3(file, factors, original, headSize, theta);
        }
        switch (type)
        {
            case "none":
                return null;
            case "linear":
                double factor = file.Keys.Required(factorKey, file.Keys.Real(factorKey));
                if (factor <= 0) throw new InputException($"{file.Path}: {factorKey} is {factor}, expected a positive number.");
                return new() { ["factor"] = GgufConfig.Shortest(factor), ["rope_type"] = "linear" };
            default:
                throw new InputException($"{file.Path}: rope scaling of type {Text.Printable.Quote(type)} cannot be imported "
                    + "(none and linear can): take the model's original folder.");
        }
    }

    /// <summary>The keys that say how positions turn queries and keys.</summary>
    /// <param name="text">The decoder's part of the configuration.</param>
    /// <param name="spec">What was read of it.</param>
    /// <param name="architecture">The architecture of the file.</param>
    /// <exception cref="InputException">The scaling is of a kind that such a file does not say.</exception>
    public static IEnumerable<GgufEntry> Keys(ConfigSection text, RopeSpec spec, GgufArchitecture architecture)
    {
        string prefix = $"{architecture.Name}.rope.";
        yield return new(prefix + "freq_base", (float)spec.Theta);
        if (architecture.IsPermuted) yield return new(prefix + "dimension_count", (uint)spec.Size);
        if (spec.Axes is { } axes)
            yield return new(prefix + "dimension_sections", new int[] { Count(0), Count(1), Count(2), 0 });
        switch (Kind(text))
        {
            case "linear":
                yield return new(prefix + "scaling.type", "linear");
                yield return new(prefix + "scaling.factor", (float)RopeConfig.Scaling(text)!.Positive("factor"));
                break;
            case Llama31 when architecture.IsPermuted:
                int original = RopeConfig.Scaling(text)!.Int("original_max_position_embeddings", int.MaxValue);
                yield return new(prefix + "scaling.original_context_length", (uint)original);
                break;
            case "default" or "mrope":
                break;
            case var other:
                throw new InputException($"{text.File}: the rope scaling {other} cannot be said in a GGUF file of architecture "
                    + $"{architecture.Name}, so the model is not exported.");
        }

        int Count(int axis) => axes.Count(own => own == axis);
    }

    /// <summary>What each frequency is divided by, in the order of the frequencies; null where the file has no such tensor.</summary>
    /// <param name="text">The decoder's part of the configuration.</param>
    /// <param name="spec">What was read of it.</param>
    public static float[]? Factors(ConfigSection text, RopeSpec spec)
    {
        if (Kind(text) != Llama31 || spec.Scale is not { } scale) return null;
        return [.. Enumerable.Range(0, spec.Size / 2).Select(i =>
        {
            float frequency = (float)Math.Pow(spec.Theta, -2.0 * i / spec.Size);
            return (float)(frequency / scale(frequency));
        })];
    }

    private static string Kind(ConfigSection text) =>
        RopeConfig.Scaling(text) is { } scaling ? scaling.Text("rope_type", scaling.Text("type", "default")) : "default";

    /// <summary>Finds the settings from which the factors were computed: slowest frequencies are divided by the whole factor.</summary>
    private static JsonObject Llama3(GgufFile file, GgufTensor tensor, int original, int headSize, double theta)
    {
        const double tolerance = 1e-4;   // converters compute in single precision
        if (tensor.Type.IsQuantised || tensor.Elements != headSize / 2)
        {
            throw new InputException($"{file.Path}: {GgufNames.RopeFactors} is not one number for each of {headSize / 2} frequencies. "
                + "Download or convert it again.");
        }
        float[] factors = new float[headSize / 2];
        file.Read(tensor, 0, factors);
        double factor = factors.Max();
        for (int i = 0; i < factors.Length; i++)
        {
            double turns = original / (2 * Math.PI) * Math.Pow(theta, -2.0 * i / headSize);
            double part = Math.Clamp((turns - Low) / (High - Low), 0, 1);
            double expected = 1 / ((1 - part) / factor + part);
            if (Math.Abs(factors[i] - expected) <= tolerance * expected) continue;
            throw new InputException($"{file.Path}: {GgufNames.RopeFactors} is not the scaling of Llama 3.1 for {original} positions, "
                + "and which one it is cannot be told: take the model's original folder.");
        }
        return new()
        {
            ["factor"] = GgufConfig.Shortest(factor), ["high_freq_factor"] = High, ["low_freq_factor"] = Low,
            ["original_max_position_embeddings"] = original, ["rope_type"] = "llama3",
        };
    }
}
