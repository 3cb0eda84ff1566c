using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Families.QwenVL;

/// <summary>The decoder of Qwen2-VL and Qwen2.5-VL: Qwen2 with positions of three numbers, whose sections lie one after another.</summary>
internal static class Qwen2Decoder
{
    /// <summary>Sizes of the decoder.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="epsilon">Of the norms of a model that does not say.</param>
    /// <exception cref="InputException">A value is absent or out of range.</exception>
    public static DecoderSpec Read(ModelConfig config, double epsilon)
    {
        var spec = DecoderConfig.Read(
            config, (text, headSize) => RopeConfig.ReadSections(text, headSize, theta: 1e6, interleaved: false),
            new() { NormEpsilon = epsilon });
        return spec with { InputBias = true };
    }
}
