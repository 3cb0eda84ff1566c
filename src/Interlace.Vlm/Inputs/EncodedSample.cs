namespace Interlace.Vlm.Inputs;

/// <summary>
/// One conversation ready for the model: plain arrays of T tokens, no tensors.
/// </summary>
/// <param name="Ids">[T] token ids, one per visual token where an image stands.</param>
/// <param name="Kinds">[T] what each token is.</param>
/// <param name="Positions">For each axis [T] positions: one axis, or time, height and width.</param>
/// <param name="NextPosition">Position of the token that would follow (the largest position + 1).</param>
/// <param name="Images">The images in order, as the processor prepared them.</param>
public sealed record EncodedSample(
    int[] Ids, TokenKind[] Kinds, IReadOnlyList<int[]> Positions, int NextPosition, IReadOnlyList<VisualInput> Images)
{
    /// <summary>[T] the tokens that the loss is taken on; null where their kinds say it.</summary>
    public IReadOnlyList<bool>? Trained { get; init; }

    /// <summary>Number of tokens.</summary>
    public int Length => Ids.Length;

    /// <summary>Number of tokens of one kind.</summary>
    public int Count(TokenKind kind) => Kinds.Count(k => k == kind);

    /// <summary>The conversation with further tokens of its answer behind it.</summary>
    public EncodedSample Followed(IReadOnlyList<int> ids)
    {
        int[] further = [.. Enumerable.Range(NextPosition, ids.Count)];   // text: the same along all axes
        return this with
        {
            Ids = [.. Ids, .. ids],
            Kinds = [.. Kinds, .. ids.Select(_ => TokenKind.Answer)],
            Positions = [.. Positions.Select(axis => (int[])[.. axis, .. further])],
            NextPosition = NextPosition + ids.Count,
        };
    }
}
