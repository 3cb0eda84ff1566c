namespace Interlace.Vlm.Checkpoints;

/// <summary>The parts of a vision-language model.</summary>
public enum ModelPart { Vision, Embeddings, DecoderLayers, Head, Other }
