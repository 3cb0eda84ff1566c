using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interlace.Fuzz.Mutations;

/// <summary>
/// JSON with one place changed: other numbers and types, keys that are gone or stand twice, lists that are empty or endless, deep nesting.
/// </summary>
internal static class Json
{
    // Written as texts, and replaced in the file by what no writer of JSON would write.
    private const string Raw = "raw-text-of-the-fuzzer", Twice = "-twice-of-the-fuzzer";

    private static readonly JsonSerializerOptions Format =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 100_000 };

    public static byte[] Mutate(byte[] source, Dice dice)
    {
        try
        {
            return Encoding.UTF8.GetBytes(Mutate(JsonNode.Parse(source,
                documentOptions: new() { MaxDepth = 1000, AllowDuplicateProperties = false }), dice));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)   // an earlier change has left no JSON, or no text
        {
            return Bytes.Mutate(source, dice);
        }
    }

    private static string Mutate(JsonNode? tree, Dice dice)
    {
        var holder = new JsonObject { ["root"] = tree };
        var places = Places(holder).ToList();
        if (places.Count > 1 && !dice.OneIn(50)) places.RemoveAt(0);   // the whole text at once
        string? raw = null;
        var (parent, key) = dice.Of(places);
        JsonNode? value = parent is JsonObject o ? o[(string)key] : parent[(int)key];
        switch (dice.Below(10))
        {
            case 0 or 1: Put(Raw); raw = dice.Number(); break;
            case 2: Put(JsonNode.Parse(dice.Of(["null", "true", "false", "\"\"", "[]", "{}", "[[]]", "{\"a\": 1}", "\"1\"", "0", "-1",
                "[null]"]))); break;
            case 3: Remove(); break;
            case 4:
                if (parent is JsonObject named && key is string name)
                    named.Insert(dice.Below(named.Count + 1), name + Twice,
                        (dice.OneIn(2) ? value : dice.Of(places) is var other ? Of(other) : null)?.DeepClone());
                else if (parent is JsonArray list) list.Insert((int)key, value?.DeepClone());
                break;
            case 5: Put(Of(dice.Of(places))?.DeepClone()); break;
            case 6:
                if (value is JsonArray { Count: > 0 } array)
                {
                    // a thousand messages or benchmarks would be work, not a fault
                    int times = dice.Of([0, 1, 2, array[0] is JsonValue ? 1000 : 20]);
                    Put(new JsonArray([.. Enumerable.Repeat(array, times).SelectMany(items => items).Take(20_000)
                        .Select(item => item?.DeepClone())]));
                    if (times == 1) ((JsonArray)Of((parent, key))!).RemoveAt(0);
                }
                else Put(dice.Text());
                break;
            case 7: Put(Raw); int depth = dice.Of([10, 65, 200, 5000]); raw = dice.OneIn(2)
                ? new string('[', depth) + new string(']', depth)
                : string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth); break;
            case 8: Put(dice.OneIn(6) ? new string('x',
                200_000) : dice.Of([dice.Text(), "..", "../../x", "/etc/passwd", "\u001b[31m", "NaN", "1e999", "a\0b", "\r\n"])); break;
            default: Put(Raw); raw = dice.Of(["\"\\ud800\"", "nul", "", "\"", "[1,", "// x", "'a'", "undefined", "\u0000"]); break;
        }
        return holder["root"]?.ToJsonString(Format).Replace($"\"{Raw}\"", raw, StringComparison.Ordinal)
            .Replace(Twice, "", StringComparison.Ordinal) ?? raw ?? "";

        void Put(JsonNode? node)
        {
            if (parent is JsonObject container) container[(string)key] = node;
            else parent[(int)key] = node;
        }

        void Remove()
        {
            if (parent is JsonObject container) container.Remove((string)key);
            else parent.AsArray().RemoveAt((int)key);
        }
    }

    private static JsonNode? Of((JsonNode Parent, object Key) place) =>
        place.Parent is JsonObject o ? o[(string)place.Key] : place.Parent.AsArray().ElementAtOrDefault((int)place.Key);

    private static IEnumerable<(JsonNode Parent, object Key)> Places(JsonNode node)
    {
        IEnumerable<(object Key, JsonNode? Value)> inner = node switch
        {
            JsonObject o => o.Select(member => ((object)member.Key, member.Value)),
            JsonArray a => a.Take(50).Select((item, i) => ((object)i, item)),   // lists of thousands would leave no chance to the rest
            _ => [],
        };
        foreach (var (key, value) in inner)
        {
            yield return (node, key);
            if (value is not null)
                foreach (var place in Places(value)) yield return place;
        }
    }
}
