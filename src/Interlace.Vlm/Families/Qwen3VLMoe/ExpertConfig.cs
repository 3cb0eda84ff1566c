using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Families.Qwen3VLMoe;

/// <summary>Reads the experts of a decoder. Values that a file leaves out are those of the library's class.</summary>
internal static class ExpertConfig
{
    private const string Older = "num_experts", Newer = "num_local_experts";

    /// <summary>Number and width of the experts, as published.</summary>
    /// <exception cref="InputException">A value is out of range, or one does not fit another.</exception>
    public static ExpertSpec Read(ConfigSection text)
    {
        int count = text.Count(text.Has(Newer) ? Newer : Older, 60);
        if (text.Has(Older) && text.Count(Older) != count)
            throw new InputException($"{text.File}: {Older} is {text.Count(Older)} and {Newer} {count}: take away the one that is wrong.");
        int chosen = text.Count("num_experts_per_tok", 4);
        return chosen <= count
            ? new(count, chosen, text.Width("moe_intermediate_size", 1408), IsOutputFirst: false)
            : throw new InputException($"{text.File}: num_experts_per_tok is {chosen}, but there are {count} experts.");
    }

    /// <summary>
    /// The same with the matrices as they lie in the folder's files. Published files and those that transformers 5 writes have them the
    /// other way round. One of a layer's two tensors tells which it is, whatever the sizes are: only where an expert is half as wide as
    /// the stream has the first the same shape either way, and only where it is as wide has the second.
    /// </summary>
    /// <param name="experts">As published.</param>
    /// <param name="config">The configuration, with the shapes in the files.</param>
    /// <param name="name">What the names of the layer's feed-forward begin with.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <exception cref="InputException">The two tensors lie differently.</exception>
    public static ExpertSpec AsStored(ExpertSpec experts, ModelConfig config, string name, int hidden)
    {
        bool? first = IsOutputFirst(config.ShapeOf($"{name}.experts.gate_up_proj"), hidden, 2L * experts.InnerSize);
        bool? second = IsOutputFirst(config.ShapeOf($"{name}.experts.down_proj"), experts.InnerSize, hidden);
        return first is null || second is null || first == second
            ? experts with { IsOutputFirst = first ?? second ?? false }
            : throw new InputException($"{config.Folder}: of {name}.experts gate_up_proj lies as published files have it and down_proj "
                + "as transformers 5 writes it, or the reverse: nobody can tell what the model computes, convert it again.");
    }

    /// <summary>Null where the shape is that of neither, or of both.</summary>
    private static bool? IsOutputFirst(long[]? shape, long input, long output)
    {
        if (shape is not [_, var rows, var columns] || input == output) return null;
        return (rows, columns) == (output, input) ? true : (rows, columns) == (input, output) ? false : null;
    }
}
