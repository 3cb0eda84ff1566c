using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Data.Parquet;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Data.Sampled;

/// <summary>
/// The record <c>sample.json</c> of a folder that holds part of the rows of a collection of data sets: which collection, how they were
/// drawn,
/// and which row of which file each of them was. By it the folder stands for the whole collection.
/// </summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Source">What was drawn from.</param>
/// <param name="Draw">How.</param>
/// <param name="Sets">The data sets, in ordinal order of their names.</param>
public sealed record SampleFile(string Format, string CreatedBy, SampleSource Source, SampleDraw Draw, IReadOnlyList<SampledSet> Sets)
{
    /// <summary>The record's file name.</summary>
    public const string Name = "sample.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-sample/1";

    /// <summary>The file of a set, in its folder.</summary>
    public const string RowsName = "sample.parquet";

    private const long MostRows = 1 << 30;   // a draw looks at every row of the collection

    /// <summary>The text of the record.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SampleJson.Default.SampleFile) + "\n";

    /// <summary>Whether a folder is a sample.</summary>
    public static bool IsIn(string folder) => UserFile.KindOf(Path.Combine(folder, Name)) != PathKind.Missing;

    /// <summary>The path of a set's rows in a sample.</summary>
    public static string PathOf(string folder, string set) => set == "." ? Path.Combine(folder, RowsName)
        : Path.Combine(folder, set, RowsName);

    /// <summary>Reads the record of a folder.</summary>
    /// <exception cref="InputException">It is absent, damaged or of another format.</exception>
    public static SampleFile Load(string folder)
    {
        string path = Path.Combine(folder, Name);
        try
        {
            var found = StrictJson.Parse(StrictJson.Bytes(path), SampleJson.Default.SampleFile);
            found.Check(path);
            return found;
        }
        catch (JsonException e)
        {
            throw new InputException($"{path} is no valid record of a sample: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private void Check(string path)
    {
        if (Format != CurrentFormat) throw new JsonException($"its format is '{Format}', expected '{CurrentFormat}'");
        long rows = 0;
        foreach (SampledSet set in Sets)
        {
            if (set is null) throw new JsonException("a set is null");
            if (set.Name != ".") PlainName.Check(set.Name, $"{path}: the name of a set");
            foreach (SampledShard shard in set.Shards)
            {
                if (shard is null || shard.Rows < 0 || shard.Bytes < 0 || shard.SampleBytes < 0 || (rows += shard.Rows) > MostRows)
                    throw new JsonException($"set '{set.Name}' has an impossible number in it");
                bool isInOrder = shard.Drawn.Zip(shard.Drawn.Skip(1)).All(pair => pair.First < pair.Second);
                if (!isInOrder || shard.Drawn is [< 0, ..] || (shard.Drawn.Length > 0 && shard.Drawn[^1] >= shard.Rows))
                    throw new JsonException($"the rows of '{set.Name}/{shard.Name}' are in no order");
            }
            if (set.Shards.Sum(shard => shard.Drawn.LongLength) != set.Rows)
                throw new JsonException($"set '{set.Name}' has another number of rows than its files");
        }
        if (Sets.Select(set => set.Name).Distinct(StringComparer.Ordinal)
            .Count() != Sets.Count) throw new JsonException("two sets have one name");
    }
}

/// <summary>What a sample was drawn from.</summary>
/// <param name="Kind">hub or folder.</param>
/// <param name="Name">The repository, <c>ORG/NAME</c>, or the folder's name.</param>
/// <param name="Revision">The repository's revision as it was named.</param>
/// <param name="Commit">The commit that it stood for; of a folder the hash of its files' names, rows and sizes
/// (<see cref="DataIdentity"/>).</param>
public sealed record SampleSource(string Kind, string Name, string? Revision = null, string? Commit = null);

/// <summary>How a sample was drawn: <c>data.rate</c>, <c>seed</c>, <c>data.draw</c> and <c>data.counts</c>.</summary>
/// <param name="Rate">Part of each set.</param>
/// <param name="Seed">Seed of the draw.</param>
/// <param name="Order">seeded or first.</param>
/// <param name="Counts">files or published.</param>
public sealed record SampleDraw(double Rate, long Seed, string Order, string Counts);

/// <summary>A data set of a sample.</summary>
/// <param name="Name">Its name in the collection; <c>.</c> for files directly in it.</param>
/// <param name="Rows">Rows that were drawn.</param>
/// <param name="Bytes">Bytes of their file.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Shards">All files of the set in the collection, in ordinal order of their names.</param>
public sealed record SampledSet(string Name, long Rows, long Bytes, string Sha256, IReadOnlyList<SampledShard> Shards);

/// <summary>A file of the collection.</summary>
/// <param name="Name">Its path inside the set.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="SampleBytes">About how many bytes the samples of all its rows take.</param>
/// <param name="Drawn">The drawn rows, 0-based, ascending: so they stand in the set's file, file by file.</param>
/// <param name="Sha256">Its SHA-256 by the hub's list.</param>
public sealed record SampledShard(string Name, long Rows, long Bytes, long SampleBytes, long[] Drawn, string? Sha256 = null);

/// <summary>Rows on one line.</summary>
internal sealed class RowNumbers : JsonConverter<long[]>
{
    public override long[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
    {
        using var list = JsonDocument.ParseValue(ref reader);
        if (list.RootElement.ValueKind != JsonValueKind.Array) throw new JsonException("the rows are no list of numbers");
        return [.. list.RootElement.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out long row)
            ? row : throw new JsonException("a row is no whole number"))];
    }

    public override void Write(Utf8JsonWriter writer, long[] value, JsonSerializerOptions options) =>
        writer.WriteRawValue(new StringBuilder("[").AppendJoin(", ", value).Append(']').ToString());
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n",
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(RowNumbers)])]
[JsonSerializable(typeof(SampleFile))]
internal sealed partial class SampleJson : JsonSerializerContext;
