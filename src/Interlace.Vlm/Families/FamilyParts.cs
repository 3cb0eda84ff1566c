using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families;

/// <summary>The parts of which a family's models are put together.</summary>
/// <param name="Decoder">Sizes and optional parts of the decoder.</param>
/// <param name="Processor">
/// Tokenizer, template and image processing of a folder, with a lower bound on the pixels of an image, or null.
/// </param>
/// <param name="Vision">
/// The vision encoder, with parameters from a source by their names in memory; null where the model reads text alone.
/// </param>
internal sealed record FamilyParts(
    Func<ModelConfig, DecoderSpec> Decoder,
    Func<ModelConfig, long?, Processor> Processor,
    Func<ModelConfig, ParameterSource, Device, IVisionEncoder>? Vision = null);
