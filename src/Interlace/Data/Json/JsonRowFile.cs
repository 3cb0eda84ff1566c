using System.Security.Cryptography;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Text;

namespace Interlace.Data.Json;

/// <summary>
/// A file of JSON rows: an array, or a row on each line; packed with gzip or not. Of any size: rows are read one at a time.
/// </summary>
internal sealed class JsonRowFile : IRowFile
{
    /// <summary>Rows from one remembered place to the next: the places of all rows can take more memory than the file is long.</summary>
    private const int Stride = 64;

    private readonly DataFormat _format;
    private readonly RowImages _images;
    private readonly bool _isArray;
    private readonly List<long> _places;
    private long _bytesRead;

    private JsonRowFile(DataFormat format, RowImages images, bool isArray, List<long> places) =>
        (_format, _images, _isArray, _places) = (format, images, isArray, places);

    /// <inheritdoc/>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <inheritdoc/>
    public bool NeedsPreparation => false;

    /// <summary>Finds the rows of a file.</summary>
    /// <param name="name">Its name in its set.</param>
    /// <param name="path">Where it lies.</param>
    /// <param name="format">The format of its rows.</param>
    /// <param name="images">Folder of the images.</param>
    /// <exception cref="InputException">The file is absent or cut off, or not one of its rows can be read.</exception>
    public static Shard Open(string name, string path, DataFormat format, string? images)
    {
        using Stream file = RowStream.Open(path, FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        JsonRows rows = new(file, path, hash);
        List<long> places = [];
        long count = 0;
        bool fits = false;
        string? fault = null;
        for (rows.Begin(); rows.Next(); count++)
        {
            if (count % Stride == 0) places.Add(rows.Start);
            if (fits) continue;
            string? found = FaultOf(rows, format);
            fits = found is null;
            fault ??= $"the first of them, in line {rows.Line}, {found}";
        }
        if (count > 0 && !fits)
        {
            throw new InputException($"Not one row of the data file '{path}' can be used: {fault}; "
                + "docs/data.md shows the rows that are read.");
        }
        return new Shard(name, count, file.Length, file.Length, path)
        {
            File = new JsonRowFile(format, new(path, images), rows.IsArray, places),
            Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()),
        };
    }

    /// <inheritdoc/>
    public IEnumerable<SourceRow> Read(string set, Shard shard, IReadOnlyList<long> rows, RowFilter filter)
    {
        using Stream file = RowStream.Open(shard.Path, FileOptions.RandomAccess);
        var stamp = FileStamps.Of([shard.Path]);
        if (file.Length != shard.Length)
            throw new InputException($"The data file '{shard.Path}' has changed while it was in use: start again.");
        JsonRows places = new(file, shard.Path) { IsArray = _isArray };
        long next = long.MaxValue;   // row that comes next
        foreach (long row in rows)
        {
            if (next > row || row / Stride > next / Stride)
            {
                next = row / Stride * Stride;
                places.Seek(_places[(int)(next / Stride)]);
            }
            for (; next <= row; next++)
                if (!places.Next()) throw new InputException($"The data file '{shard.Path}' has fewer rows than it had: start again.");
            Interlocked.Add(ref _bytesRead, places.Length);
            yield return Row(places, filter, new(set, shard.Name, row, [], [], ImagePlaces.Marked));
        }
        stamp.Check();
    }

    private SourceRow Row(JsonRows place, RowFilter filter, Sample empty)
    {
        if (place.Length > JsonRows.MostRowBytes) return new(null, SkipReason.TooLargeRow);
        try
        {
            var row = JsonRow.Parse(place.Bytes(), _format);
            if (filter.Truncates) row = row.Truncated(filter.MaxTurns);
            if (filter.Reason(row.Facts) is { } reason) return new(null, reason);
            return new(empty with
            {
                Turns = row.Turns, Images = filter.TextsOnly ? [] : _images.Read(row.Images),
                Places = row.IsText ? ImagePlaces.None : empty.Places,
            }, null);
        }
        catch (FormatException)
        {
            return new(null, SkipReason.MalformedRow);
        }
        catch (SampleException e)
        {
            return new(null, e.Reason);
        }
    }

    /// <summary>What is wrong with a row, to stand behind its place; null where nothing is.</summary>
    private static string? FaultOf(JsonRows place, DataFormat format)
    {
        if (place.Length > JsonRows.MostRowBytes)
            return $"has {place.Length} bytes, more than the {JsonRows.MostRowBytes} that are read of a row";
        try
        {
            JsonRow.Parse(place.Bytes(), format);
            return null;
        }
        catch (FormatException e)
        {
            return Printable.Line(e.Message, Printable.LongestLine / 2);
        }
    }
}
