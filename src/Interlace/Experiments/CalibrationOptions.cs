namespace Interlace.Experiments;

/// <summary>How similarity is measured (paper 3.2, A.3).</summary>
/// <param name="Fraction">Part of each data set's draw that is used.</param>
/// <param name="SkipFirstToken">Leaves out the first token of each sample, an attention sink.</param>
/// <param name="MaxWindow">Longest span of layers to measure: 3 for triplets; K + 1 for methods that remove windows.</param>
/// <param name="BatchTokens">Tokens of a pass; a longer sample stands alone.</param>
/// <param name="EvidenceSamples">Most samples for evidence from losses and gradients (sleb, perplexity, taylor),
/// which costs far more than similarity.</param>
/// <param name="SlebRatio">Part of the layers up to which SLEB's order is searched; rounded down to whole layers.</param>
/// <param name="Adaptive">Stop before the end of the data once other samples would hardly give another plan.</param>
/// <param name="AdaptiveConfidence">Share of resamplings in which the layers that the plan drops must come out,
/// at two checks in a row.</param>
/// <param name="Pairs">Measure pairs of layers too, which a plan may need where triplets run out.</param>
/// <param name="States">What is compared. layer: the state that enters the first layer of a span with the one that its last layer gives
/// (paper Eq. 1). transformers-4.57 and transformers-5: the states that those releases record, which differ from it where visual features
/// are added between layers: 4.57 records the state behind the addition, so that spans end behind it;
/// 5 the one before, so that spans begin before it.</param>
/// <param name="Messages">all: a sample is shown whole; first: its first message alone, as a question,
/// with the header of the answer.</param>
/// <param name="Cosines">fp32, or bf16: cosines and the mean of each sample are rounded to bf16 as the authors' code does,
/// which makes ties; classes of tokens are then not told apart.</param>
/// <param name="Draw">
/// ranks: the first rows of each set's draw; python: CPython's <c>random.sample</c>, with the seed, of all drawn rows that can be used, as
/// the authors draw.
/// </param>
/// <param name="Data">What is measured on, in place of the data to tune on: everything that looks at calibration samples reads it, and
/// draws from it as from <c>data.path</c>.</param>
public sealed record CalibrationOptions(double Fraction = 0.1, bool SkipFirstToken = false, int MaxWindow = 3, int BatchTokens = 4096,
    int EvidenceSamples = 128, double SlebRatio = 0.25, bool Adaptive = false, double AdaptiveConfidence = 0.95,
    [property: LaterOption] bool Pairs = false, [property: LaterOption] string States = "layer",
    [property: LaterOption] string Messages = "all", [property: LaterOption] string Cosines = "fp32",
    [property: LaterOption] string Draw = "ranks", [property: LaterOption] string? Data = null)
{
    /// <summary>Every file and folder that is read.</summary>
    public IEnumerable<string> InputPaths() => Data is null ? [] : DataPath.ListOf(Data).Select(one => one.Path);
}
