using TorchSharp;

namespace Interlace.Evaluation.Latency;

/// <summary>Where the time of one answer goes, in milliseconds.</summary>
/// <param name="Image">From the encoded image and the question to tokens and resized pixels.</param>
/// <param name="Vision">The vision encoder, from pixels to the features of the visual tokens.</param>
/// <param name="Prefill">The decoder over the prompt, embedding and head included.</param>
/// <param name="FirstToken">Choosing the first token from its logits.</param>
/// <param name="PerToken">Each further token.</param>
public readonly record struct AnswerTimes(double Image, double Vision, double Prefill, double FirstToken, double PerToken)
{
    /// <summary>Time to the first token: everything before it.</summary>
    public double TimeToFirstToken => Image + Vision + Prefill + FirstToken;
}
