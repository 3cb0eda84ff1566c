using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Data;

/// <summary>Why a drawn row gives no sample: the names under which it is counted.</summary>
public static class SkipReason
{
    /// <summary>More images than the paper keeps (3).</summary>
    public const string TooManyImages = "too many images";

    /// <summary>More turns than the paper keeps (5).</summary>
    public const string TooManyTurns = "too many turns";

    /// <summary>The conversation is null or empty.</summary>
    public const string NoTurns = "no turns";

    /// <summary>A question or an answer is null.</summary>
    public const string NullText = "null text";

    /// <summary>A question or an answer is not UTF-8.</summary>
    public const string InvalidText = "invalid text";

    /// <summary>An image is null, or only a path without its bytes.</summary>
    public const string MissingImage = "missing image";

    /// <summary>An image is named by a path that leads out of its table's folder, by itself or by links.</summary>
    public const string ForeignImage = "image outside its folder";

    /// <summary>An image is named by the path of a pipe, a device or a folder, or of a file that may not be read.</summary>
    public const string UnreadableImage = "unreadable image";

    /// <summary>The bytes of an image are not a complete image file.</summary>
    public const string UndecodableImage = "undecodable image";

    /// <summary>An image has more bytes than are read, more pixels than are decoded, or far more than its bytes can mean.</summary>
    public const string TooLargeImage = "too large image";

    /// <summary>The processor refuses the sample (an extreme aspect ratio, say).</summary>
    public const string NotEncodable = "not encodable";

    /// <summary>More tokens than <c>max_tokens</c>.</summary>
    public const string TooLong = "too long";
}

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
