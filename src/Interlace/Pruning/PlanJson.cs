using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interlace.Pruning;

/// <summary>How plans and the records of pruned models are spelled in JSON: strict when read, one line per list of numbers when written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n",
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false, Converters = [typeof(Integers), typeof(Similarities)])]
[JsonSerializable(typeof(PlanFile.Artefact))]
[JsonSerializable(typeof(PrunedModelFile))]
internal sealed partial class PlanJson : JsonSerializerContext
{
    /// <summary>The context to use: it leaves characters like &gt; as they are.</summary>
    public static PlanJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = null });

    /// <summary>Layer numbers on one line.</summary>
    internal sealed class Integers : JsonConverter<int[]>
    {
        public override int[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            var numbers = new List<int>();
            foreach (var item in Items(ref reader)) numbers.Add(item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number) ? number : throw new JsonException($"{item} is no layer number."));
            return [.. numbers];
        }

        public override void Write(Utf8JsonWriter writer, int[] value, JsonSerializerOptions options) => writer.WriteRawValue($"[{string.Join(", ", value)}]");
    }

    /// <summary>Similarities on one line; null stands for one that was not measured.</summary>
    internal sealed class Similarities : JsonConverter<double[]>
    {
        public override double[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            var numbers = new List<double>();
            foreach (var item in Items(ref reader))
                numbers.Add(item.ValueKind == JsonValueKind.Null ? double.NaN : item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double number) ? number : throw new JsonException($"{item} is no similarity."));
            return [.. numbers];
        }

        public override void Write(Utf8JsonWriter writer, double[] value, JsonSerializerOptions options) =>
            writer.WriteRawValue($"[{string.Join(", ", value.Select(number => double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "null"))}]");
    }

    private static JsonElement.ArrayEnumerator Items(ref Utf8JsonReader reader)
    {
        var array = JsonElement.ParseValue(ref reader);
        return array.ValueKind == JsonValueKind.Array ? array.EnumerateArray() : throw new JsonException($"{array} is no list.");
    }
}
