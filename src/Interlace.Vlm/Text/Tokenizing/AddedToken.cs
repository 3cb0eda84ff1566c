using System.Text.Json;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// A token that is recognised as a whole wherever it stands in a text. A special one is dropped from decoded text on request.
/// </summary>
internal sealed record AddedToken(int Id, string Content, bool Special, bool Normalized)
{
    /// <summary>Reads an entry of the added_tokens section of a tokenizer.json.</summary>
    public static AddedToken Read(JsonElement entry, string source)
    {
        var token = new Component(entry, "added token", source);
        string content = entry.GetProperty("content").GetString()!;
        foreach (string flag in (string[])["single_word", "lstrip", "rstrip"])
        {
            if (!token.Flag(flag)) continue;
            throw new InputException($"{source}: the added token {Printable.Quote(content)} has {flag} set, which is not supported.");
        }
        return new(entry.GetProperty("id").GetInt32(), content, entry.GetProperty("special").GetBoolean(), token.Flag("normalized"));
    }
}
