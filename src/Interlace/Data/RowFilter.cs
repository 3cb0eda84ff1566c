namespace Interlace.Data;

/// <summary>
/// Which rows stay (paper 3.4): at most 3 images and at most 5 turns, null lists counting as 0. Then whatever cannot be learnt from:
/// an image for a model that reads none, no turn at all, a null text,
/// texts of more bytes than the longest sample can have, which are neither copied nor tokenised.
/// </summary>
public sealed record RowFilter(int MaxImages = 3, int MaxTurns = 5, long MaxTextBytes = long.MaxValue, bool ReadsImages = true)
{
    /// <summary>The reason why a row is left out (one of <see cref="SkipReason"/>), or null where it stays.</summary>
    public string? Reason(int images, IReadOnlyList<byte[]?> questions, IReadOnlyList<byte[]?> answers, long textBytes) =>
        images > 0 && !ReadsImages ? SkipReason.ImageForTextModel
        : images > MaxImages ? SkipReason.TooManyImages
        : questions.Count > MaxTurns ? SkipReason.TooManyTurns
        : questions.Count == 0 ? SkipReason.NoTurns
        : questions.Contains(null) || answers.Contains(null) ? SkipReason.NullText
        : textBytes > MaxTextBytes ? SkipReason.TooLong
        : null;
}
