using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Data;

/// <summary>How many samples were left out, by reason; enumerates in ordinal order of the reasons.
/// Not for use by several threads at once.</summary>
public sealed class SkipCounts : IEnumerable<KeyValuePair<string, long>>
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>An empty count.</summary>
    public SkipCounts() { }

    /// <summary>Goes on from counts that were saved, or copies them.</summary>
    public SkipCounts(IEnumerable<KeyValuePair<string, long>> counts) => Merge(counts);

    /// <summary>Samples left out for one reason; 0 where none was.</summary>
    public long this[string reason] => _counts.GetValueOrDefault(reason);

    /// <summary>Samples left out for any reason.</summary>
    public long Total => _counts.Values.Sum();

    /// <summary>How many rows of a file were left out and why, as a sentence; null where none was.</summary>
    /// <param name="name">Name of the file.</param>
    /// <param name="used">Rows that were not left out.</param>
    public string? Sentence(string name, long used) => Total > 0 ? $"{name}: {Total} of {Total + used} rows left out: {this}." : null;

    /// <summary>Counts <paramref name="count"/> more samples under a reason.</summary>
    public void Add(string reason, long count = 1) => _counts[reason] = this[reason] + count;

    /// <summary>Adds what was counted elsewhere.</summary>
    public void Merge(IEnumerable<KeyValuePair<string, long>> other)
    {
        foreach ((string reason, long count) in other.ToArray()) Add(reason, count);
    }

    /// <summary>Discards its counts for those of another.</summary>
    public void ReplaceBy(SkipCounts other)
    {
        _counts.Clear();
        Merge(other);
    }

    /// <summary>The counts as a JSON object.</summary>
    public string ToJson() => JsonSerializer.Serialize(_counts, SkipCountsJson.Default.SortedDictionaryStringInt64);

    /// <summary>Counts that <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">The text holds something else.</exception>
    public static SkipCounts Parse(string json) => new(StrictJson.Parse(json, SkipCountsJson.Default.SortedDictionaryStringInt64));

    /// <summary>The sentence where nothing is left.</summary>
    public InputException NoneLeft() => new($"No sample of the data could be used ({(Total > 0 ? ToString() : "it is empty")}).");

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, long>> GetEnumerator() => _counts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>For a log line: <c>3 too long, 1 undecodable image</c>.</summary>
    public override string ToString() => string.Join(", ", _counts.Select(entry => $"{entry.Value} {entry.Key}"));
}

[JsonSerializable(typeof(SortedDictionary<string, long>))]
internal sealed partial class SkipCountsJson : JsonSerializerContext;
