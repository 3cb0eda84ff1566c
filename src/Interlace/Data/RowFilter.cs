namespace Interlace.Data;

/// <summary>
/// Which rows stay (paper 3.4): at most 3 images and at most 5 turns, null lists counting as 0. Then whatever cannot be learnt from:
/// an image for a model that reads none, no turn at all, a null text, no answer,
/// texts of more bytes than the longest sample can have, which are neither copied nor tokenised. Plain texts are cut, and never too long.
/// </summary>
public sealed record RowFilter(int MaxImages = 3, int MaxTurns = 5, long MaxTextBytes = long.MaxValue, bool ReadsImages = true)
{
    /// <summary>Rows with too many turns stay, with the first of them.</summary>
    public bool Truncates { get; init; }

    /// <summary>Rows stay that have no turns, no answer or a null text.</summary>
    public bool KeepsIncomplete { get; init; }

    /// <summary>Images are counted and not read: samples come without them.</summary>
    public bool TextsOnly { get; init; }

    /// <summary>Plain texts stay.</summary>
    public bool TakesTexts { get; init; } = true;

    /// <summary>The reason why a row is left out (one of <see cref="SkipReason"/>), or null where it stays.</summary>
    internal string? Reason(RowFacts row) =>
        row.IsText && !TakesTexts ? SkipReason.TextWithoutAnswers
        : row.Images > 0 && !ReadsImages ? SkipReason.ImageForTextModel
        : row.Images > MaxImages ? SkipReason.TooManyImages
        : row.Turns > MaxTurns && !Truncates ? SkipReason.TooManyTurns
        : row.Turns == 0 && !KeepsIncomplete ? SkipReason.NoTurns
        : row.HasNull && !KeepsIncomplete ? SkipReason.NullText
        : !row.HasAnswer && !KeepsIncomplete ? SkipReason.NoAnswer
        : row.TextBytes > MaxTextBytes && !row.IsText ? SkipReason.TooLong
        : null;
}

/// <summary>What a filter knows of a row.</summary>
/// <param name="Images">Its images.</param>
/// <param name="Turns">What the user says in it, each with what is answered.</param>
/// <param name="HasNull">Whether one of the texts that are kept is null.</param>
/// <param name="HasAnswer">Whether anything is answered.</param>
/// <param name="TextBytes">Bytes of the texts that are kept, in UTF-8.</param>
/// <param name="IsText">Whether it is a plain text, which counts as one turn with its answer.</param>
internal readonly record struct RowFacts(int Images, int Turns, bool HasNull, bool HasAnswer, long TextBytes, bool IsText = false);
