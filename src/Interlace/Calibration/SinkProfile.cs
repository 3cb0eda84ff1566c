using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;

namespace Interlace.Calibration;

/// <summary>
/// Where attention sinks are written (Xiao et al. 2024; massive activations, Sun et al. 2024). A layer that raises the norm of one token
/// tenfold, mostly of the first, writes a sink that later layers attend to. In a mean over all tokens that one position hardly counts,
/// so the similarities do not show it. The first position is the first token of a sample, whatever it is.
/// </summary>
/// <param name="FirstCosine">[L] mean cosine between input and output of each layer at the first position alone.</param>
/// <param name="FirstInputNorm">[L] mean norm of what enters each layer there.</param>
/// <param name="FirstOutputNorm">[L] mean norm of what leaves it there.</param>
/// <param name="LargestNormRatio">[L] largest norm of a layer's output over that of its input, at any position of any sample.</param>
public sealed record SinkProfile(double[] FirstCosine, double[] FirstInputNorm, double[] FirstOutputNorm, double[] LargestNormRatio)
{
    /// <summary>A layer that raises the norm of a token so many times writes a sink.</summary>
    public const double Rise = 10;

    /// <summary>[L] how many times each layer raises the mean norm at the first position.</summary>
    [JsonIgnore]
    public double[] FirstNormRatio => [.. FirstOutputNorm.Zip(FirstInputNorm, (after, before) => before > 0 ? after / before : 0)];

    /// <summary>The layers that write a sink, 0-based, ascending.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> Writers => [.. LargestNormRatio.Index().Where(layer => layer.Item >= Rise).Select(layer => layer.Index)];

    /// <summary>One sentence about the layers that write a sink.</summary>
    [JsonIgnore]
    public string InWords => Writers.Count == 0 ? $"No layer raises the norm of a token {Rise:0} times: none writes an attention sink."
        : $"{(Writers.Count == 1 ? "Layer" : "Layers")} {string.Join(", ", Writers)} {(Writers.Count == 1 ? "raises" : "raise")} the norm "
            + $"of a token {Rise:0} times or more and so {(Writers.Count == 1 ? "writes" : "write")} an attention sink.";

    /// <summary>Of layers that change no norm.</summary>
    internal static SinkProfile Even(int layers) => new(new double[layers], new double[layers], new double[layers], new double[layers]);

    /// <summary>The profile of samples from that of each; null where it was not measured, or there is no sample.</summary>
    internal static SinkProfile? Of(IEnumerable<SampleSums> samples)
    {
        SinkProfile?[] each = [.. samples.Select(sample => sample.Sinks)];
        if (each.Length == 0 || each.Contains(null)) return null;
        int layers = each[0]!.FirstCosine.Length;
        double[] Each(Func<int, double> value) => [.. Enumerable.Range(0, layers).Select(value)];
        return new(Each(l => each.Average(one => one!.FirstCosine[l])), Each(l => each.Average(one => one!.FirstInputNorm[l])),
            Each(l => each.Average(one => one!.FirstOutputNorm[l])), Each(l => each.Max(one => one!.LargestNormRatio[l])));
    }

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="JsonException">A number is impossible, or there is not one for each layer.</exception>
    internal void Check(int layers)
    {
        const double rounding = 1e-3;   // a cosine in fp32 may be a little above 1
        if (new[] { FirstCosine, FirstInputNorm, FirstOutputNorm, LargestNormRatio }.Any(list => list.Length != layers))
            throw new JsonException($"its profile of sinks does not fit {layers} layers");
        Counts.CheckNumbers(FirstCosine, "cosines at the first position", least: -1 - rounding, most: 1 + rounding);
        Counts.CheckNumbers(FirstInputNorm.Concat(FirstOutputNorm).Concat(LargestNormRatio), "norms", least: 0);
    }
}
