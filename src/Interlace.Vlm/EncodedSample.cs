using Interlace.Vlm.Images;

namespace Interlace.Vlm;

/// <summary>What a token of the prompt is: a visual token, text that is read, or text of an answer (its closing token included), which is trained.</summary>
public enum TokenKind : byte { Image, Prompt, Answer }

/// <summary>
/// One conversation ready for the model: plain arrays of T tokens, no tensors.
/// </summary>
/// <param name="Ids">[T] token ids, one per visual token where an image stands.</param>
/// <param name="Kinds">[T] what each token is.</param>
/// <param name="Positions">[3 * T] position of each token along time, height and width: all T of the first, then of the second, then of the third.</param>
/// <param name="NextPosition">Position of the token that would follow (the largest position + 1).</param>
/// <param name="Images">The images in order, already resized to the model's grid: patches are cut on the device.</param>
public sealed record EncodedSample(int[] Ids, TokenKind[] Kinds, int[] Positions, int NextPosition, IReadOnlyList<RgbImage> Images)
{
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
            Ids = [.. Ids, .. ids], Kinds = [.. Kinds, .. ids.Select(_ => TokenKind.Answer)], NextPosition = NextPosition + ids.Count,
            Positions = [.. Enumerable.Range(0, 3).SelectMany(axis => Positions.AsSpan(axis * Length, Length).ToArray().Concat(further))],
        };
    }
}
