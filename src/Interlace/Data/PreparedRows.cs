using Interlace.Experiments;
using Interlace.Vlm.Images;

namespace Interlace.Data;

/// <summary>
/// Drawn rows as the options ask for them: as they are, with their images encoded again, and by the rule of the authors' preparation that a
/// row at which it fails ends its data set. For that rule the drawn rows before a wanted one are looked at too, each once.
/// Read by one thread at a time.
/// </summary>
internal sealed class PreparedRows(DataSource source, Draw draw, DataOptions options)
{
    private const int MostRows = 64;
    private const long MostBytes = 256 << 20;   // of the images that are worked on at once

    /// <summary>As the authors' loader turns images, and drops what is transparent.</summary>
    private static readonly ImageDecoding Decoding = new(ApplyOrientation: true, TransparencyOnWhite: false);

    private readonly bool _reencodes = options.Reencode == "jpeg";
    private readonly Dictionary<int, (int Shard, long Row)> _looked = [], _ends = [];

    /// <summary>The samples of rows in storage order, beside their references; the others are counted.</summary>
    /// <param name="rows">Drawn rows in any order.</param>
    /// <param name="skipped">Where the others are counted.</param>
    /// <param name="filter">Which rows stay.</param>
    public IEnumerable<(RowReference Reference, Sample Sample)> Read(IEnumerable<RowReference> rows, SkipCounts skipped, RowFilter filter)
    {
        foreach (var set in rows.GroupBy(row => row.Set).OrderBy(set => set.Key))
            foreach (var (reference, row) in EndsAtFailure(set.Key) ? UpToFailure(set.Key, [.. set], filter)
                : _reencodes ? Prepared(set, filter) : source.ReadRows(set, filter))
            {
                if (row.Sample is not null) yield return (reference, row.Sample);
                else skipped.Add(row.Skip!);
            }
    }

    /// <summary>
    /// The drawn rows that give samples, in storage order, as far as that is seen without their images; where a row can end its set, the
    /// images are looked at too.
    /// </summary>
    public IReadOnlyList<RowReference> Listed(SkipCounts skipped, RowFilter filter) =>
        [.. draw.Rows.GroupBy(row => row.Set).OrderBy(set => set.Key)
            .SelectMany(set => Read(set, skipped, EndsAtFailure(set.Key) ? filter : filter with { TextsOnly = true }))
            .Select(row => row.Reference)];

    private bool EndsAtFailure(int set) => options.Draw == "first" && source.Sets[set].NeedsPreparation;

    private IEnumerable<(RowReference, SourceRow)> UpToFailure(int set, RowReference[] rows, RowFilter filter)
    {
        var wanted = rows.Select(Place).ToHashSet();
        var last = wanted.Max();
        var before = draw.Rows.Where(row => row.Set == set && Place(row).CompareTo(last) < 0 && !wanted.Contains(Place(row))
            && !IsKnown(set, Place(row)));
        foreach (var (reference, row) in Prepared(rows.Concat(before), filter))
        {
            var place = Place(reference);
            SourceRow found = row;
            if (_ends.TryGetValue(set, out var end) && place.CompareTo(end) > 0) found = new(null, SkipReason.BehindFailure);
            else if (row.Fails)
            {
                _ends[set] = place;
                found = new(null, row.Skip ?? SkipReason.FailsInPreparation);
            }
            else if (!IsKnown(set, place)) _looked[set] = place;
            if (wanted.Contains(place)) yield return (reference, found);
        }
    }

    /// <summary>Whether it is known of a row that nothing before it and not it itself fails, or that something before it does.</summary>
    private bool IsKnown(int set, (int, long) place) => (_looked.TryGetValue(set, out var looked) && place.CompareTo(looked) <= 0)
        || (_ends.TryGetValue(set, out var end) && place.CompareTo(end) >= 0);

    private IEnumerable<(RowReference Reference, SourceRow Row)> Prepared(IEnumerable<RowReference> rows, RowFilter filter)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Workers > 0 ? options.Workers : Environment.ProcessorCount };
        foreach (var chunk in Chunks(source.ReadRows(rows, filter)))
        {
            var prepared = new SourceRow[chunk.Count];
            Parallel.For(0, chunk.Count, parallel, i => prepared[i] = Prepare(chunk[i].Row));
            foreach (var (i, row) in prepared.Index()) yield return (chunk[i].Reference, row);
        }
    }

    private static IEnumerable<List<(RowReference Reference, SourceRow Row)>> Chunks(IEnumerable<(RowReference, SourceRow Row)> rows)
    {
        List<(RowReference, SourceRow)> chunk = [];
        long bytes = 0;
        foreach (var row in rows)
        {
            chunk.Add(row);
            bytes += row.Row.Sample?.Images.Sum(image => image.LongLength) ?? 0;
            if (chunk.Count < MostRows && bytes < MostBytes) continue;
            yield return chunk;
            (chunk, bytes) = ([], 0);
        }
        if (chunk.Count > 0) yield return chunk;
    }

    private SourceRow Prepare(SourceRow row)
    {
        if (row.Sample is not { } sample) return row;
        try
        {
            return row with { Sample = sample with { Images = [.. sample.Images.Select(Prepare)] } };
        }
        catch (SampleException e)
        {
            return new(null, e.Reason, Fails: true);
        }
    }

    /// <summary>An image that cannot be decoded is found here, whether it is encoded again or not.</summary>
    private byte[] Prepare(byte[] image) => ImageDecoder.IsTooLarge(image) ? throw new SampleException(SkipReason.TooLargeImage)
        : SampleLoader.As(SkipReason.UndecodableImage, () => ImageDecoder.Decode(image, "image", Decoding,
            decoded => _reencodes ? SampleLoader.As(SkipReason.NotEncodable, () => JpegEncoder.Encode(decoded)) : image));

    private static (int Shard, long Row) Place(RowReference row) => (row.Shard, row.Row);
}
