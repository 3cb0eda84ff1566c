using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interlace.Vlm.Text;

/// <summary>
/// JSON as Python's <c>json.dumps(..., ensure_ascii=False)</c> writes it, which chat templates put into prompts: a blank after each comma
/// and colon. Numbers stay as they are written.
/// </summary>
internal static class PythonJson
{
    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        Write(node, text);
        return text.ToString();
    }

    private static void Write(JsonNode? node, StringBuilder text)
    {
        switch (node)
        {
            case JsonObject members: Join(members, '{', '}', text, member => WriteMember(member, text)); break;
            case JsonArray items: Join(items, '[', ']', text, item => Write(item, text)); break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String: WriteString(value.GetValue<string>(), text); break;
            default: text.Append(node?.ToJsonString() ?? "null"); break;
        }
    }

    private static void Join<T>(IEnumerable<T> items, char open, char close, StringBuilder text, Action<T> write)
    {
        text.Append(open);
        string separator = "";
        foreach (T item in items)
        {
            text.Append(separator);
            separator = ", ";
            write(item);
        }
        text.Append(close);
    }

    private static void WriteMember(KeyValuePair<string, JsonNode?> member, StringBuilder text)
    {
        WriteString(member.Key, text);
        text.Append(": ");
        Write(member.Value, text);
    }

    private static void WriteString(string value, StringBuilder text)
    {
        text.Append('"');
        foreach (char c in value)
            text.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        text.Append('"');
    }
}
