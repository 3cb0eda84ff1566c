using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Calibration;

namespace Interlace;

/// <summary>How artefacts are spelled in JSON: snake_case, strict when read, one line per list of numbers when written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DictionaryKeyPolicy = JsonKnownNamingPolicy.Unspecified, WriteIndented = true, NewLine = "\n",
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(Numbers)])]
[JsonSerializable(typeof(LayerSimilarity))]
internal sealed partial class ArtefactJson : JsonSerializerContext
{
    /// <summary>The context to use: it leaves characters like &gt; as they are.</summary>
    public static ArtefactJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = null });

    /// <summary>Numbers on one line, each the shortest text that reads back the same.</summary>
    internal sealed class Numbers : JsonConverter<double[]>
    {
        public override double[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            var array = JsonElement.ParseValue(ref reader);
            if (array.ValueKind != JsonValueKind.Array) throw new JsonException($"{array} is no list of numbers.");
            return [.. array.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number ? item.GetDouble() : throw new JsonException($"{item} is no number."))];
        }

        public override void Write(Utf8JsonWriter writer, double[] value, JsonSerializerOptions options) =>
            writer.WriteRawValue($"[{string.Join(", ", value.Select(number => number.ToString("R")))}]");
    }
}
