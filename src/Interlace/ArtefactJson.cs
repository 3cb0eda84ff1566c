using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Calibration;
using Interlace.Evaluation;
using Interlace.Training;
using Interlace.Pruning;

namespace Interlace;

/// <summary>How artefacts are spelled in JSON: snake_case, strict when read, one line per list of numbers when written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DictionaryKeyPolicy = JsonKnownNamingPolicy.Unspecified, WriteIndented = true, NewLine = "\n",
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(Numbers), typeof(Integers)])]
[JsonSerializable(typeof(LayerSimilarity))]
[JsonSerializable(typeof(TrainingRecord))]
[JsonSerializable(typeof(AnswersFile))]
[JsonSerializable(typeof(ScoresFile))]
[JsonSerializable(typeof(Comparison))]
[JsonSerializable(typeof(LatencyFile))]
[JsonSerializable(typeof(PlanFile.Artefact))]
[JsonSerializable(typeof(PrunedModelFile))]
[JsonSerializable(typeof(Pruning.Sparsity.SparsityFile))]
[JsonSerializable(typeof(RemovalOrder))]
[JsonSerializable(typeof(BlockScores))]
[JsonSerializable(typeof(PlanStability))]
[JsonSerializable(typeof(Reporting.StageCost[]))]
[JsonSerializable(typeof(Vlm.Checkpoints.ModelIdentity))]
internal sealed partial class ArtefactJson : JsonSerializerContext
{
    /// <summary>The context to use: it leaves characters like &gt; as they are.</summary>
    public static ArtefactJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = null });

    /// <summary>Numbers on one line, each the shortest text that reads back the same; null stands for one that is not known.</summary>
    internal sealed class Numbers : JsonConverter<double[]>
    {
        public override double[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            [.. Items(ref reader).Select(item => item.ValueKind == JsonValueKind.Null ? double.NaN : item.ValueKind == JsonValueKind.Number ? item.GetDouble() : throw new JsonException($"{item} is no number."))];

        public override void Write(Utf8JsonWriter writer, double[] value, JsonSerializerOptions options) =>
            writer.WriteRawValue($"[{string.Join(", ", value.Select(number => double.IsFinite(number) ? number.ToString("R") : "null"))}]");
    }

    /// <summary>Layer numbers on one line.</summary>
    internal sealed class Integers : JsonConverter<int[]>
    {
        public override int[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            [.. Items(ref reader).Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number) ? number : throw new JsonException($"{item} is no whole number."))];

        public override void Write(Utf8JsonWriter writer, int[] value, JsonSerializerOptions options) => writer.WriteRawValue($"[{string.Join(", ", value)}]");
    }

    private static JsonElement.ArrayEnumerator Items(ref Utf8JsonReader reader)
    {
        var array = JsonElement.ParseValue(ref reader);
        return array.ValueKind == JsonValueKind.Array ? array.EnumerateArray() : throw new JsonException($"{array} is no list of numbers.");
    }
}
