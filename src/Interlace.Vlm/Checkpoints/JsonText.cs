using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// Edits single values of a JSON file as text: every other byte, order of keys, spacing and spelling of numbers stays as it was. Paths are
/// property names from the root.
/// </summary>
internal static class JsonText
{
    /// <summary>Replaces the value of a property by <paramref name="json"/>, or adds the property at the end of its object.</summary>
    /// <exception cref="InputException">The object that should hold it is absent.</exception>
    public static byte[] Set(byte[] text, IReadOnlyList<string> path, string json)
    {
        if (Find(text, path) is var (start, end)) return Splice(text, start, end, json);
        var (last, layout) = Last(text, path);
        return Splice(text, last, last, $",{layout}\"{path[^1]}\":{(layout.Length == 0 ? "" : " ")}{json}");
    }

    /// <summary>Sets a property to an array of strings, laid out like the object it stands in.</summary>
    /// <exception cref="InputException">The object that should hold it is absent.</exception>
    public static byte[] SetStrings(byte[] text, IReadOnlyList<string> path, IReadOnlyList<string> values)
    {
        string layout = Last(text, path).Layout;
        string indent = layout.Contains('\n', StringComparison.Ordinal)
            ? new(' ', (layout.Length - layout.LastIndexOf('\n') - 1) / path.Count) : "";
        string separator = indent.Length == 0 ? " " : layout + indent;
        string items = string.Join("," + separator, values.Select(Quoted));
        return Set(text, path, indent.Length == 0 ? $"[{items}]" : $"[{separator}{items}{layout}]");
    }

    /// <summary>Keeps the elements of an array at the given indices, in order.</summary>
    public static byte[] Slice(byte[] text, IReadOnlyList<string> path, IReadOnlyList<int> kept)
    {
        var (start, end) = Find(text, path) ?? throw new InputException($"The configuration has no {string.Join('.', path)}.");
        var elements = Elements(text, start);
        if (elements.Count == 0 || kept.Count == 0) return Splice(text, start, end, "[]");
        var array = new StringBuilder().Append(Text(start, elements[0].Start));
        for (int i = 0; i < kept.Count; i++)
            array.Append(i == 0 ? "" : Text(elements[i - 1].End, elements[i].Start))
                .Append(Text(elements[kept[i]].Start, elements[kept[i]].End));
        return Splice(text, start, end, array.Append(Text(elements[^1].End, end)).ToString());

        string Text(int from, int to) => Encoding.UTF8.GetString(text, from, to - from);
    }

    /// <summary>
    /// Rewrites every text below a property: keys, values and elements of lists. Where the new text is null, an element goes,
    /// and a key goes with its value.
    /// </summary>
    /// <param name="text">The file.</param>
    /// <param name="path">The property; none for the whole file.</param>
    /// <param name="rewrite">Gives the new text; the same for one that stays as it is written.</param>
    /// <exception cref="InputException">The single value of a key would go.</exception>
    public static byte[] RewriteStrings(byte[] text, IReadOnlyList<string> path, Func<string, string?> rewrite)
    {
        var reader = new Utf8JsonReader(text);
        reader.Read();
        foreach (string name in path)
            if (reader.TokenType != JsonTokenType.StartObject || !Enter(ref reader, name)) return text;
        var edits = new List<(int Start, int End, string Text)>();
        Rewrite(ref reader, rewrite, edits);
        foreach (var (start, end, now) in edits.OrderByDescending(edit => edit.Start)) text = Splice(text, start, end, now);
        return text;
    }

    /// <summary>
    /// Notes the changes of the value at which the reader stands, and leaves it at the value's end. False where the value itself has to go.
    /// </summary>
    private static bool Rewrite(ref Utf8JsonReader reader, Func<string, string?> rewrite, List<(int, int, string)> edits)
    {
        if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
        {
            string old = reader.GetString()!;
            if (rewrite(old) is not { } now) return false;
            int start = (int)reader.TokenStartIndex;
            if (now != old) edits.Add((start, start + reader.ValueSpan.Length + 2, Quoted(now)));   // with its quotation marks
            return true;
        }
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray)) return true;
        var items = new List<(int Start, int End, bool Stays)>();
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            int start = (int)reader.TokenStartIndex;
            bool named = reader.TokenType == JsonTokenType.PropertyName, stays = Rewrite(ref reader, rewrite, edits);
            if (named)
            {
                string name = reader.GetString()!;
                reader.Read();
                if (!stays) reader.Skip();
                else if (!Rewrite(ref reader, rewrite, edits))
                    throw new InputException($"The configuration has a {name} that names only what is gone.");
            }
            items.Add((start, (int)reader.BytesConsumed, stays));
        }
        // With what goes goes the comma before it, or the one behind it where nothing is left before it.
        bool first = true;
        for (int i = 0; i < items.Count; i++)
        {
            if (items[i].Stays) first = false;
            else if (!first) edits.Add((items[i - 1].End, items[i].End, ""));
            else edits.Add((items[i].Start, i + 1 < items.Count ? items[i + 1].Start : items[i].End, ""));
        }
        return true;
    }

    private static string Quoted(string value) => $"\"{JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private static byte[] Splice(byte[] text, int start, int end, string insert) =>
        [.. text.AsSpan(0, start), .. Encoding.UTF8.GetBytes(insert), .. text.AsSpan(end)];

    /// <summary>The bytes of a property's value, or null where its object has no such property.</summary>
    private static (int Start, int End)? Find(byte[] text, IReadOnlyList<string> path)
    {
        var reader = new Utf8JsonReader(text);
        reader.Read();
        for (int depth = 0; depth < path.Count; depth++)
        {
            if (reader.TokenType != JsonTokenType.StartObject || !Enter(ref reader, path[depth])) return null;
        }
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return (start, (int)reader.BytesConsumed);
    }

    /// <summary>The end of the last value of the object that holds a property, and the white space before that object's last key.</summary>
    private static (int End, string Layout) Last(byte[] text, IReadOnlyList<string> path)
    {
        var reader = new Utf8JsonReader(text);
        reader.Read();
        for (int depth = 0; depth < path.Count - 1; depth++)
            if (reader.TokenType != JsonTokenType.StartObject || !Enter(ref reader, path[depth])) throw Missing();
        if (reader.TokenType != JsonTokenType.StartObject) throw Missing();
        int end = -1, key = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            key = (int)reader.TokenStartIndex;
            reader.Read();
            reader.Skip();
            end = (int)reader.BytesConsumed;
        }
        if (end < 0) throw Missing();
        int space = key;
        while (text[space - 1] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t') space--;
        return (end, Encoding.UTF8.GetString(text, space, key - space));

        InputException Missing() => new($"The configuration has no object to hold {string.Join('.', path)}.");
    }

    private static bool Enter(ref Utf8JsonReader reader, string name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool found = reader.ValueTextEquals(name);
            reader.Read();
            if (found) return true;
            reader.Skip();
        }
        return false;
    }

    private static List<(int Start, int End)> Elements(byte[] text, int start)
    {
        var elements = new List<(int, int)>();
        var reader = new Utf8JsonReader(text.AsSpan(start), isFinalBlock: false, default);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int from = (int)reader.TokenStartIndex;
            reader.TrySkip();
            elements.Add((start + from, start + (int)reader.BytesConsumed));
        }
        return elements;
    }
}
