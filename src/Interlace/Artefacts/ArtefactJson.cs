using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Interlace.Experiments;

namespace Interlace.Artefacts;

/// <summary>How artefacts are spelled in JSON: snake_case, strict when read, one line per list of numbers when written.</summary>
internal static class ArtefactJson
{
    private static readonly JsonSerializerOptions EscapedOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        Converters = { new Numbers(), new Integers() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LaterOptionAttribute.LeaveOutDefaults } },
    };

    private static readonly JsonSerializerOptions ReadableOptions =
        new(EscapedOptions) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The spelling of files: it leaves characters like &gt; as they are.</summary>
    public static JsonTypeInfo<T> Readable<T>() => (JsonTypeInfo<T>)ReadableOptions.GetTypeInfo(typeof(T));

    /// <summary>The spelling of what is hashed, or stands in the header of another file: ASCII alone.</summary>
    public static JsonTypeInfo<T> Escaped<T>() => (JsonTypeInfo<T>)EscapedOptions.GetTypeInfo(typeof(T));

    /// <summary>Numbers on one line, each the shortest text that reads back the same; null stands for one that is not known.</summary>
    private sealed class Numbers : JsonConverter<double[]>
    {
        public override double[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            [.. Items(ref reader).Select(Number)];

        public override void Write(Utf8JsonWriter writer, double[] value, JsonSerializerOptions options) =>
            writer.WriteRawValue($"[{string.Join(", ", value.Select(number => double.IsFinite(number) ? number.ToString("R") : "null"))}]");

        private static double Number(JsonElement item) => item.ValueKind switch
        {
            JsonValueKind.Null => double.NaN,
            JsonValueKind.Number => item.GetDouble(),
            _ => throw new JsonException($"{item} is no number."),
        };
    }

    /// <summary>Layer numbers on one line.</summary>
    private sealed class Integers : JsonConverter<int[]>
    {
        public override int[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            [.. Items(ref reader).Select(Integer)];

        public override void Write(Utf8JsonWriter writer, int[] value, JsonSerializerOptions options) =>
            writer.WriteRawValue($"[{string.Join(", ", value)}]");

        private static int Integer(JsonElement item) =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number)
                ? number : throw new JsonException($"{item} is no whole number.");
    }

    private static JsonElement.ArrayEnumerator Items(ref Utf8JsonReader reader)
    {
        var array = JsonElement.ParseValue(ref reader);
        return array.ValueKind == JsonValueKind.Array ? array.EnumerateArray() : throw new JsonException($"{array} is no list of numbers.");
    }
}
