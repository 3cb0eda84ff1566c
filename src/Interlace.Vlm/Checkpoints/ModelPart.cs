namespace Interlace.Vlm.Checkpoints;

/// <summary>The parts of a vision-language model.</summary>
public enum ModelPart
{
    /// <summary>Vision encoder and projector.</summary>
    Vision,

    /// <summary>The matrix of token embeddings.</summary>
    Embeddings,

    /// <summary>The layers of the decoder.</summary>
    DecoderLayers,

    /// <summary>The language-model head.</summary>
    Head,

    /// <summary>What belongs to none of these.</summary>
    Other,
}
