using Interlace.Vlm.Text;

namespace Interlace.Data;

/// <summary>
/// One example of a data set: chat turns and the encoded files of its images. Plain data, no tensors.
/// </summary>
/// <param name="Set">Name of the constituent data set it came from.</param>
/// <param name="Shard">Name of the file inside the set, folders separated by <c>/</c>.</param>
/// <param name="Row">0-based row of that file.</param>
/// <param name="Messages">The turns, user and assistant by turns; all images stand before the first user text.</param>
/// <param name="Images">The images as encoded files (JPEG, PNG, ...), in the order of their places in <paramref name="Messages"/>.</param>
public sealed record Sample(string Set, string Shard, long Row, IReadOnlyList<ChatMessage> Messages, IReadOnlyList<byte[]> Images);
