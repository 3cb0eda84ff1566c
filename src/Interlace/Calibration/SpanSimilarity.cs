namespace Interlace.Calibration;

/// <summary>Similarities of all spans of one length, by their first layer.</summary>
/// <param name="Length">Layers of a span: 1 for layers, 3 for triplets.</param>
/// <param name="Mean">Mean cosine over all tokens.</param>
/// <param name="StandardError">Its standard error, samples being the draws.</param>
/// <param name="LastTokenMean">Mean cosine at the last token of each sample.</param>
/// <param name="LastTokenAngle">Mean over samples of the angle between the last token's states, as a part of a half turn.</param>
/// <param name="Sums">Sums of cosines per class of tokens.</param>
public sealed record SpanSimilarity(int Length, double[] Mean, double[] StandardError, double[] LastTokenMean, double[] LastTokenAngle,
    IReadOnlyDictionary<string, double[]> Sums);
