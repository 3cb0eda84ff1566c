namespace Interlace.Data;

/// <summary>
/// One example of a data set as its source has it: texts and the encoded files of its images. Plain data, no tensors.
/// What a model is shown of it is a <see cref="Conversation"/>, made when it is encoded.
/// </summary>
/// <param name="Set">Name of the constituent data set it came from.</param>
/// <param name="Shard">Name of the file inside the set, folders separated by <c>/</c>.</param>
/// <param name="Row">0-based row of that file.</param>
/// <param name="Turns">The messages in order.</param>
/// <param name="Images">The images as encoded files (JPEG, PNG, ...), in order.</param>
/// <param name="Places">Where the images stand.</param>
public sealed record Sample(string Set, string Shard, long Row, IReadOnlyList<Turn> Turns, IReadOnlyList<byte[]> Images,
    ImagePlaces Places = ImagePlaces.First)
{
    /// <summary>Whether it is a plain text, in its one turn, and no conversation.</summary>
    public bool IsText => Places == ImagePlaces.None;

    /// <summary>0-based place in the <see cref="SampleStore"/> that it was read from; -1 elsewhere.</summary>
    public int Place { get; init; } = -1;
}
