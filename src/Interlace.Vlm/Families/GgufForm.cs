using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Vlm.Families;

/// <summary>How a family's models are written as GGUF files.</summary>
/// <param name="Architecture">The architecture of the decoder's file.</param>
internal sealed record GgufForm(string Architecture)
{
    /// <summary>What the file of the parts that see holds; null where they cannot be written, or there are none.</summary>
    public Func<ModelConfig, GgufVision>? Vision { get; init; }
}

/// <summary>The file of the parts that see: their keys, and their tensors.</summary>
/// <param name="Keys">Keys behind those that every such file has.</param>
/// <param name="Tensors">The tensors.</param>
internal sealed record GgufVision(IReadOnlyList<GgufEntry> Keys, IReadOnlyList<GgufVisionName> Tensors);

/// <summary>A tensor of the parts that see, by its two names.</summary>
/// <param name="InFile">Its name in a GGUF file.</param>
/// <param name="InMemory">Its name in checkpoints, as transformers 5 has it in memory.</param>
/// <param name="Shape">Sizes of its dimensions in the checkpoint, the innermost last.</param>
/// <param name="Slice">Index along the third dimension where the file has only that part of it; null for the whole.</param>
internal sealed record GgufVisionName(string InFile, string InMemory, long[] Shape, int? Slice = null);
