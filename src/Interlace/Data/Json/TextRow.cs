using System.Text.Json.Nodes;

namespace Interlace.Data.Json;

/// <summary>The form of text corpora: <c>text</c>, a plain text; other members say where it comes from.</summary>
internal static class TextRow
{
    /// <summary>Reads a row.</summary>
    /// <exception cref="FormatException">It is no such row.</exception>
    public static JsonRow Of(JsonObject row) => new([new(Turn.Plain, JsonRow.Text(row["text"]))], []) { IsText = true };
}
