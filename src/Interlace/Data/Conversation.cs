using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.Data;

/// <summary>Makes the turns of a FineVision row: all images before the first user text, literal image tokens taken out of the texts.</summary>
internal static class Conversation
{
    /// <summary>Texts that stand for an image somewhere: the place-holder of many data sets and the image token of Qwen's models.</summary>
    private static readonly string[] ImageTokens = ["<image>", "<|image_pad|>"];

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>User and assistant messages by turns. Throws <see cref="SampleException"/> where a text is not UTF-8.</summary>
    public static IReadOnlyList<ChatMessage> FromTurns(IReadOnlyList<byte[]?> questions, IReadOnlyList<byte[]?> answers, int images)
    {
        List<ChatMessage> messages = [];
        for (int turn = 0; turn < questions.Count; turn++)
        {
            IEnumerable<ContentPart> pictures = Enumerable.Repeat(new ImagePart(), turn == 0 ? images : 0);
            messages.Add(new ChatMessage("user", [.. pictures, new TextPart(Text(questions[turn]!))]));
            messages.Add(new ChatMessage("assistant", Text(answers[turn]!)));
        }
        return messages;
    }

    private static string Text(byte[] bytes)
    {
        try
        {
            return ImageTokens.Aggregate(Utf8.GetString(bytes), (text, token) => text.Replace(token, "", StringComparison.Ordinal));
        }
        catch (DecoderFallbackException e)
        {
            throw new SampleException(SkipReason.InvalidText, e);
        }
    }
}
