using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Data.Json;

/// <summary>A row of a JSON file without the bytes of its images.</summary>
/// <param name="Turns">Its messages, with <c>&lt;image&gt;</c> where its images stand.</param>
/// <param name="Images">What it names its images by: paths or addresses.</param>
internal sealed record JsonRow(IReadOnlyList<Turn> Turns, IReadOnlyList<string> Images)
{
    private static readonly Dictionary<string, string> Roles = new(StringComparer.Ordinal)
    {
        ["human"] = Turn.User, ["user"] = Turn.User, ["gpt"] = Turn.Assistant, ["assistant"] = Turn.Assistant,
        ["system"] = Turn.System, ["developer"] = Turn.System,
    };

    /// <summary>Whether it is a plain text and no conversation.</summary>
    public bool IsText { get; init; }

    /// <summary>What a filter knows of it.</summary>
    public RowFacts Facts => IsText
        ? new(0, 1, Turns[0].Text is null, HasAnswer: true, BytesOf(Turns), IsText: true)
        : new(Images.Count, Turns.Count(turn => turn.Role == Turn.User), Turns.Any(turn => turn.Text is null),
            Turns.Any(turn => turn.Role is not (Turn.User or Turn.System)), BytesOf(Turns));

    /// <summary>Reads a row.</summary>
    /// <param name="json">The row.</param>
    /// <param name="format">Its format; under <see cref="DataFormat.Auto"/> the one whose member it has.</param>
    /// <exception cref="FormatException">It is no such row; the sentence goes on behind the row's place.</exception>
    public static JsonRow Parse(ReadOnlySpan<byte> json, DataFormat format)
    {
        JsonObject row;
        try
        {
            row = StrictJson.Parse(json) as JsonObject ?? throw new FormatException("is no JSON object");
        }
        catch (JsonException e)
        {
            throw new FormatException($"is no JSON ({e.Message.TrimEnd('.')})", e);
        }
        return FormatOf(row, format) switch
        {
            DataFormat.Conversations => ConversationsRow.Of(row),
            DataFormat.Messages => MessagesRow.Of(row),
            _ => TextRow.Of(row),
        };
    }

    /// <summary>The format of a row.</summary>
    /// <exception cref="FormatException">It has neither messages nor a text.</exception>
    private static DataFormat FormatOf(JsonObject row, DataFormat format)
    {
        bool May(DataFormat one) => format is DataFormat.Auto || format == one;
        if (May(DataFormat.Conversations) && row["conversations"] is JsonArray) return DataFormat.Conversations;
        if (May(DataFormat.Messages) && row["messages"] is JsonArray) return DataFormat.Messages;
        if (May(DataFormat.Text) && row.ContainsKey("text")) return DataFormat.Text;
        throw new FormatException(format switch
        {
            DataFormat.Conversations => "has no list 'conversations'",
            DataFormat.Messages => "has no list 'messages'",
            DataFormat.Text => "has no 'text'",
            _ => "has neither a list 'conversations' nor a list 'messages' nor a 'text'",
        });
    }

    /// <summary>The role that a source's name stands for; the name itself where it is not known.</summary>
    public static string Role(JsonNode? name) => Text(name) is { } text ? Roles.GetValueOrDefault(text, text)
        : throw new FormatException("has a message without a role");

    /// <summary>A text; null for JSON's null and for what is not there.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static string? Text(JsonNode? node) => node is null ? null
        : node is JsonValue value && value.TryGetValue(out string? text) ? text
        : throw new FormatException("has a number or an object in the place of a text");

    /// <summary>Images by their paths or addresses: one, a list of them, or none.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static IReadOnlyList<string> Sources(JsonNode? node) => node switch
    {
        null => [],
        JsonArray list => [.. list.Select(item => Text(item) ?? throw new FormatException("has an image that is null"))],
        _ => [Text(node)!],
    };

    /// <summary>The first turns of the user, with all that is answered to them; images whose places are left out go too.</summary>
    public JsonRow Truncated(int turns)
    {
        int user = 0;
        Turn[] kept = [.. Turns.TakeWhile(turn => turn.Role != Turn.User || ++user <= turns)];
        if (kept.Length == Turns.Count) return this;
        return Places(Turns) == Images.Count ? new(kept, [.. Images.Take(Places(kept))]) : this with { Turns = kept };
    }

    private static long BytesOf(IEnumerable<Turn> turns) =>
        turns.Sum(turn => turn.Text is null ? 0L : Encoding.UTF8.GetByteCount(turn.Text));

    private static int Places(IEnumerable<Turn> turns) =>
        turns.Where(turn => turn.Role == Turn.User).Sum(turn => (turn.Text ?? "").Split(Conversation.Placeholder).Length - 1);
}
