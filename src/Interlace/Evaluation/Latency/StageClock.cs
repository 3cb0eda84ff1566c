using System.Diagnostics;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Evaluation.Latency;

/// <summary>Times the generator that evaluation uses, on one question at a time.
/// The device is done with its work before each reading of the clock.</summary>
internal static class StageClock
{
    /// <summary>Answers one question with exactly <paramref name="newTokens"/> + 1 tokens, whatever they are,
    /// so that models do equal work.</summary>
    public static (AnswerTimes Times, EncodedSample Prompt) Measure(VisionLanguageModel model, Func<EncodedSample> encode, int newTokens,
        CancellationToken cancellation)
    {
        long begun = Read(model.Device);
        EncodedSample prompt = encode();
        long encoded = Read(model.Device), vision = 0, logits = 0, first = 0, last = 0;
        var generator = new Vlm.Generation.Generator(model, new GenerationOptions(newTokens + 1, Slots: 1), [])
        {
            Observe = (name, _) =>
            {
                if (first != 0) return;
                if (name == VisionLanguageModel.VisionBegins) vision -= Read(model.Device);
                else if (name == VisionLanguageModel.VisionEnds) vision += Read(model.Device);
                else if (name == Vlm.Generation.Generator.Logits) logits = Read(model.Device);
            },
        };
        foreach (var _ in generator.Run([prompt], (_, _) =>
        {
            last = Read(model.Device);
            if (first == 0) first = last;
        }, cancellation: cancellation)) ;
        return (new(Milliseconds(encoded - begun), Milliseconds(vision), Milliseconds(logits - encoded - vision),
            Milliseconds(first - logits), Milliseconds(last - first) / newTokens), prompt);
    }

    private static long Read(Device device)
    {
        if (device.type == DeviceType.CUDA) cuda.synchronize();
        return Stopwatch.GetTimestamp();
    }

    private static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;
}
