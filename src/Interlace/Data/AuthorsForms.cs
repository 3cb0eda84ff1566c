using Interlace.Vlm.Text;

namespace Interlace.Data;

/// <summary>
/// What the authors' scripts show a model (pmadinei/Interlace, commit 772ba406, and the data processor of QwenLM's
/// <c>qwen-vl-finetune</c>, January 2026). Both read rows whose images are marked; a row whose images stand first by rule becomes one as
/// their preparation makes it.
/// </summary>
internal static class AuthorsForms
{
    private const string PlaceAndLineFeed = Conversation.Placeholder + "\n";

    /// <summary>A row as the authors' preparation writes it: only the first user text of a row with images is changed.</summary>
    public static Sample Marked(Sample sample)
    {
        if (sample.Places == ImagePlaces.Marked) return sample;
        Turn[] turns = [.. sample.Turns];
        if (sample.Images.Count > 0 && Conversation.FirstOfUser(turns) is >= 0 and int first)
        {
            string text = Conversation.Text(turns[first]).Replace(Conversation.Placeholder, "", StringComparison.Ordinal);
            turns[first] = turns[first] with { Text = string.Concat(Enumerable.Repeat(PlaceAndLineFeed, sample.Images.Count)) + text };
        }
        return sample with { Turns = turns, Places = ImagePlaces.Marked };
    }

    /// <summary>Every role but the user's is the assistant's; their template shows a null answer as an empty one.</summary>
    public static Sample WithTwoRoles(Sample sample) => sample with
    {
        Turns = [.. sample.Turns.Select(turn => turn.Role == Turn.User ? turn : new Turn(Turn.Assistant, turn.Text ?? ""))],
    };

    /// <summary>User texts split where the images stand, and stripped.</summary>
    public static Conversation Training(Sample sample)
    {
        List<ChatMessage> messages = [.. Marked(sample).Turns.Select(turn => turn.Role == Turn.User
            ? new ChatMessage(Turn.User, Conversation.Split(Conversation.Text(turn), (_, piece) => PythonSpace.Strip(piece)))
            : new ChatMessage(Conversation.Role(turn), Conversation.Text(turn)))];
        Conversation.CheckPlaces(messages, sample);
        return new(messages);
    }

    /// <summary>The first message alone.</summary>
    public static Conversation Calibration(Sample sample)
    {
        string text = Conversation.Text(Marked(sample).Turns[0]);
        if (sample.Images.Count > 0) text = text.Replace(PlaceAndLineFeed, "", StringComparison.Ordinal);
        IEnumerable<ContentPart> images = Enumerable.Repeat(new ImagePart(), sample.Images.Count);
        return new([new(Turn.User, [.. images, new TextPart(text)])], AddGenerationPrompt: true);
    }
}
