using Interlace.Vlm.Text;

namespace Interlace.Data;

/// <summary>The chat that a model is shown of a sample.</summary>
/// <param name="Messages">Its messages; their i-th image part shows the i-th image of the sample.</param>
/// <param name="AddGenerationPrompt">Whether the header of the answer to come follows.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages, bool AddGenerationPrompt = false)
{
    /// <summary>What stands for an image in the texts of data sets. What does in a model's prompts is its processor's business.</summary>
    public const string Placeholder = "<image>";

    /// <summary>Makes the chat of a sample.</summary>
    /// <param name="sample">The texts and images.</param>
    /// <param name="form">How they are put together; the paper's where absent.</param>
    /// <exception cref="SampleException">
    /// There is no message, a text is null that the form needs, its roles or the number of its <c>&lt;image&gt;</c> do not suit the form.
    /// </exception>
    public static Conversation Of(Sample sample, ConversationForm? form = null)
    {
        form ??= ConversationForm.Paper;
        if (sample.Turns.Count == 0) throw new SampleException(SkipReason.NoTurns);
        if (form.FirstMessage) return AuthorsForms.Calibration(sample);
        if (form.TwoRoles) sample = AuthorsForms.WithTwoRoles(sample);
        return form.Stripped ? AuthorsForms.Training(sample)
            : new(sample.Places == ImagePlaces.First ? ImagesFirst(sample) : ImagesMarked(sample));
    }

    /// <summary>All images before the first user text; what is left of their places is taken out of the texts.</summary>
    private static List<ChatMessage> ImagesFirst(Sample sample)
    {
        int first = FirstOfUser(sample.Turns);
        List<ChatMessage> messages = [];
        foreach (var (i, turn) in sample.Turns.Index())
        {
            IEnumerable<ContentPart> images = Enumerable.Repeat(new ImagePart(), i == first ? sample.Images.Count : 0);
            messages.Add(new(Role(turn), [.. images, new TextPart(WithoutPlaceholders(turn))]));
        }
        CheckPlaces(messages, sample);
        return messages;
    }

    /// <summary>
    /// User texts are split where their images stand. The line feed behind a place belongs to it, so that a row gives the same chat whether
    /// its images are marked in this way or stand first by rule. A row without images has no places: its <c>&lt;image&gt;</c> are text
    /// that others left behind.
    /// </summary>
    private static List<ChatMessage> ImagesMarked(Sample sample)
    {
        List<ChatMessage> messages = [.. sample.Turns.Select(turn => turn.Role == Turn.User && sample.Images.Count > 0
            ? new ChatMessage(Turn.User, Split(Text(turn), WithoutLineFeed))
            : new ChatMessage(Role(turn), WithoutPlaceholders(turn)))];
        CheckPlaces(messages, sample);
        return messages;
    }

    private static string WithoutLineFeed(int i, string piece) => i > 0 && piece.StartsWith('\n') ? piece[1..] : piece;

    /// <summary>A text cut at its places of images. Empty pieces vanish.</summary>
    /// <param name="text">The text.</param>
    /// <param name="clean">What is left of a piece, by its index: all but the first stand behind an image.</param>
    internal static List<ContentPart> Split(string text, Func<int, string, string> clean)
    {
        List<ContentPart> parts = [];
        foreach (var (i, piece) in text.Split(Placeholder).Index())
        {
            if (i > 0) parts.Add(new ImagePart());
            if (clean(i, piece) is { Length: > 0 } left) parts.Add(new TextPart(left));
        }
        return parts;
    }

    /// <summary>Each image needs its place and each place its image.</summary>
    internal static void CheckPlaces(IReadOnlyList<ChatMessage> messages, Sample sample)
    {
        if (messages.Sum(message => message.Content.Count(part => part is ImagePart)) != sample.Images.Count)
            throw new SampleException(SkipReason.PlacesOfImages);
    }

    /// <summary>Index of the user's first message; -1 where there is none.</summary>
    internal static int FirstOfUser(IReadOnlyList<Turn> turns)
    {
        int first = 0;
        while (first < turns.Count && turns[first].Role != Turn.User) first++;
        return first < turns.Count ? first : -1;
    }

    /// <summary>A turn's text, which must not be null.</summary>
    internal static string Text(Turn turn) => turn.Text ?? throw new SampleException(SkipReason.NullText);

    private static string WithoutPlaceholders(Turn turn) => Text(turn).Replace(Placeholder, "", StringComparison.Ordinal);

    internal static string Role(Turn turn) =>
        turn.Role is Turn.User or Turn.Assistant or Turn.System ? turn.Role : throw new SampleException(SkipReason.UnknownRole);
}
