using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.Data;

/// <summary>
/// Makes the turns of a FineVision row: all images before the first user text, place-holders of images taken out of the texts.
/// </summary>
internal static class Conversation
{
    /// <summary>
    /// What stands for an image in many data sets. What does in a model's prompts is taken out where the model is at hand.
    /// </summary>
    private const string Placeholder = "<image>";

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
            return Utf8.GetString(bytes).Replace(Placeholder, "", StringComparison.Ordinal);
        }
        catch (DecoderFallbackException e)
        {
            throw new SampleException(SkipReason.InvalidText, e);
        }
    }
}
