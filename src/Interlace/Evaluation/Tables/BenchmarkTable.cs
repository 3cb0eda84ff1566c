using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Interlace.Data;
using Interlace.Evaluation.Python;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Files;
using Interlace.Vlm.Images;
using Interlace.Vlm.Text;
using Microsoft.Win32.SafeHandles;

namespace Interlace.Evaluation.Tables;

/// <summary>
/// A benchmark table in VLMEvalKit's format. Texts are held in memory, images stay in the file and are read where they are asked for,
/// so that a table of gigabytes costs its texts.
/// Reading images is safe from several threads.
/// </summary>
public sealed class BenchmarkTable : IDisposable
{
    /// <summary>A cell of at most this many characters refers to the row whose image is used.</summary>
    private const int LongestReference = 64;

    /// <summary>Most bytes of a cell of images: those of a few of the largest that are decoded, in base64.</summary>
    private const int LargestCell = 1 << 30;

    /// <summary>The column that names files, in tables without a column <c>image</c>.</summary>
    private const string PathColumn = "image_path";

    private const int LongestAddress = 256;

    /// <summary>
    /// Cells of a table of any size; beyond them each needs a byte of the file, as every cell has that is not left out at the end of a row.
    /// </summary>
    private const long FreeCells = 1 << 20;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly List<ImageCell> _images = [];
    private readonly Dictionary<string, int> _recordOf = new(StringComparer.Ordinal);
    private readonly bool _hasImages;

    private BenchmarkTable(string path, SafeFileHandle file, bool hash)
    {
        (_path, _file) = (path, file);
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        using IncrementalHash? md5 = hash ? IncrementalHash.CreateHash(HashAlgorithmName.MD5) : null;
        Bytes = stream.Length;
        TsvReader reader = new(stream, Name, md5);
        List<string> columns = ReadHeader(reader);
        Columns = columns;
        int image = columns.IndexOf("image");
        _hasImages = image >= 0;
        Rows = RowsOf(ReadColumns(reader, image), image);
        reader.Drain();
        Md5 = md5 is null ? null : Convert.ToHexStringLower(md5.GetHashAndReset());
    }

    /// <summary>Opens a table and reads everything but its images.</summary>
    /// <param name="path">A .tsv file, UTF-8, with a header.</param>
    /// <param name="hash">Whether to compute the MD5 of the file in the same pass.</param>
    /// <exception cref="InputException">The file is missing, is no such table, or names a row twice.</exception>
    public static BenchmarkTable Open(string path, bool hash = false)
    {
        UserFile.Check(path, $"There is no benchmark table at {path}.");
        SafeFileHandle file = File.OpenHandle(path);
        try
        {
            return new(path, file, hash);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The file's name without folder.</summary>
    public string Name => Path.GetFileName(_path);

    /// <summary>Bytes of the file.</summary>
    public long Bytes { get; }

    /// <summary>Column names in the order of the file.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The rows that have an image, in the order of the file.</summary>
    public IReadOnlyList<BenchmarkRow> Rows { get; }

    /// <summary>How many rows were left out because their image is missing.</summary>
    public int RowsWithoutImage { get; private set; }

    /// <summary>Whether every index is an integer: such tables sort by number, others by text.</summary>
    public bool IndicesAreIntegers =>
        Rows.All(row => long.TryParse(row.Index, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));

    /// <summary>MD5 of the file in lower-case hexadecimal, where it was asked for.</summary>
    public string? Md5 { get; }

    /// <summary>The encoded images of a row (JPEG, PNG and so on), in order; empty where the table has none.</summary>
    /// <exception cref="SampleException">The cell refers to no image, is neither base64 nor a list of it,
    /// or names a file that is not in the table's folder.</exception>
    public IReadOnlyList<byte[]> Images(BenchmarkRow row)
    {
        if (!_hasImages) return Columns.Contains(PathColumn) ? [.. Paths(row).Select(path => ReadFile(row, path))] : [];
        ImageCell cell = _images[row.Record];
        if (cell.Reference is { } reference)
        {
            if (!_recordOf.TryGetValue(reference, out int record) || _images[record].Reference is not null)
                throw Unusable(NamesFile(reference) ? SkipReason.MissingImage : SkipReason.UndecodableImage, row,
                    $"takes its image from row {Printable.Quote(reference)}, which holds no image (files are named in a column "
                        + $"{PathColumn})");
            cell = _images[record];
        }
        if (cell.Length > LargestCell) throw Unusable(SkipReason.TooLargeImage, row, $"has images of {cell.Length} bytes");
        byte[] value = Read(cell);
        if (value is not [(byte)'[', .., (byte)']']) return [Decode(row, value)];
        IReadOnlyList<string> list =
            PythonLiteral.ParseList(Encoding.Latin1.GetString(value)) ?? throw Unusable(SkipReason.UndecodableImage, row,
            "has images that are no list of texts");
        return [.. list.Select(text => Decode(row, Encoding.Latin1.GetBytes(text)))];
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private List<string> ReadHeader(TsvReader reader)
    {
        List<RawCell> header = [];
        if (!reader.ReadRecord(header)) throw new InputException($"{Name} is empty; a benchmark table begins with a line of column names.");
        List<string> columns = [.. header.Select(cell => Text(cell.Value, 0, "header"))];
        foreach (string needed in (string[])["index", "question"])
            if (!columns.Contains(needed))
            {
                throw new InputException($"{Name} has no column {needed}; "
                    + "a benchmark table is tab separated and names its columns in the first line.");
            }
        return columns;
    }

    /// <summary>The literal texts by column; those of the image column are null, its cells go to <see cref="_images"/>.</summary>
    private List<string?>[] ReadColumns(TsvReader reader, int image)
    {
        List<string?>[] columns = [.. Columns.Select(_ => new List<string?>())];
        List<RawCell> cells = [];
        long most = FreeCells + RandomAccess.GetLength(_file);
        for (int record = 0; reader.ReadRecord(cells, image); record++)
        {
            if ((record + 1L) * columns.Length > most)
            {
                throw new InputException($"{Name} names {columns.Length} columns, but its rows leave nearly all of them out: "
                    + $"up to row {record + 1} it has more cells than bytes.");
            }
            if (cells.Count > columns.Length)
            {
                throw new InputException($"Row {record + 1} of {Name} has {cells.Count} cells under {columns.Length} column names; "
                    + "a tab inside a cell needs quotes around the cell.");
            }
            for (int i = 0; i < columns.Length; i++)
                columns[i].Add(i < cells.Count && i != image ? Text(cells[i].Value, record + 1, Columns[i]) : null);
            if (_hasImages) _images.Add(image < cells.Count ? ImageOf(cells[image], record + 1) : new(0, 0, ""));
        }
        return columns;
    }

    private List<BenchmarkRow> RowsOf(List<string?>[] literals, int image)
    {
        string?[][] typed = [.. literals.Select((column, i) => i == image ? new string?[column.Count] : ColumnTypes.Infer(column))];
        Dictionary<string, int> names = BenchmarkRow.ColumnNames(Columns);
        List<BenchmarkRow> rows = [];
        for (int record = 0; record < literals[0].Count; record++)
        {
            if (_hasImages && _images[record].Reference is { } text && ColumnTypes.IsMissing(text))
            {
                RowsWithoutImage++;
                continue;
            }
            BenchmarkRow row = new(record, names, [.. typed.Select(column => column[record])]);
            if (!_recordOf.TryAdd(row.Index, record))
                throw new InputException($"{Name} holds two rows of index {row.Index}; every row needs an index of its own.");
            rows.Add(row);
        }
        return rows;
    }

    private ImageCell ImageOf(RawCell cell, int record)
    {
        if (cell.IsLong) return new(cell.Offset, cell.Length, null);
        string text = Text(cell.Value, record, "image");
        return PythonText.Length(text) <= LongestReference ? new(cell.Offset, cell.Length, text) : new(cell.Offset, cell.Length, null);
    }

    private string Text(byte[] bytes, int record, string column)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new InputException($"Row {record} of {Name} is not UTF-8 in column {column}; save the table as UTF-8.");
        }
    }

    private byte[] Read(ImageCell cell)
    {
        byte[] raw = new byte[cell.Length];
        for (int read = 0; read < raw.Length;)
        {
            int n = RandomAccess.Read(_file, raw.AsSpan(read), cell.Offset + read);
            if (n == 0) throw new InputException($"{Name} became shorter while it was read.");
            read += n;
        }
        return TsvReader.Unquote(raw, Name);
    }

    private byte[] Decode(BenchmarkRow row, byte[] base64)
    {
        ReadOnlySpan<byte> text = WithoutAddress(base64);
        byte[] image = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text, image, out _, out int written) != System.Buffers.OperationStatus.Done)
            throw Unusable(SkipReason.UndecodableImage, row, "has an image that is not base64");
        return written <= ImageDecoder.MaxBytes
            ? image[..written] : throw Unusable(SkipReason.TooLargeImage, row, $"has an image of {written} bytes");
    }

    private static bool NamesFile(string reference) =>
        Path.GetExtension(reference).ToUpperInvariant() is ".JPG" or ".JPEG" or ".PNG" or ".WEBP" or ".GIF" or ".BMP";

    /// <summary>What stands behind <c>data:image/...;base64,</c>, or all of it.</summary>
    private static ReadOnlySpan<byte> WithoutAddress(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> mark = ";base64,"u8, head = text[..Math.Min(text.Length, LongestAddress)];
        return Ascii.EqualsIgnoreCase(head[..Math.Min(5, head.Length)], "data:"u8) && head.IndexOf(mark) is >= 0 and var at
            ? text[(at + mark.Length)..] : text;
    }

    private IReadOnlyList<string> Paths(BenchmarkRow row)
    {
        string cell = row[PathColumn] ?? throw Unusable(SkipReason.MissingImage, row, $"names no image in its column {PathColumn}");
        return PythonLiteral.ParseList(cell) ?? [cell];
    }

    /// <summary>
    /// A table may come from anywhere, and its images go to judges: what it names is read only where it is a regular file that truly lies
    /// in the table's folder.
    /// </summary>
    private byte[] ReadFile(BenchmarkRow row, string path)
    {
        string shown = $"names the image {Printable.Quote(path)}";
        string folder = Path.GetDirectoryName(Path.GetFullPath(_path))!, full = Path.Combine(folder, path);
        if (Path.IsPathRooted(path) || ImageFile.LeadsUp(path))
            throw Unusable(SkipReason.ForeignImage, row, $"{shown}, which is no path within the table's folder");
        if (ImageFile.Fault(full, [RealPath.Of(folder)]) is not { } fault) return ImageFile.Read(full);
        throw Unusable(fault, row, shown + fault switch
        {
            SkipReason.MissingImage => ", which is not beside the table",
            SkipReason.ForeignImage => ", whose links lead out of the table's folder",
            SkipReason.TooLargeImage => $", which has more than {ImageDecoder.MaxBytes} bytes",
            _ => ", which is no file that may be read",
        });
    }

    /// <summary>One row cannot be used: it is counted under the reason, and the sentence tells of the first.</summary>
    private SampleException Unusable(string reason, BenchmarkRow row, string what) =>
        new(reason, new InputException($"Row {Printable.Line(row.Index, Printable.LongestQuote)} of {Name} {what}."));

    /// <summary>Where an image stands in the file; or the text of a cell too short to be an image:
    /// another row's index or a missing value.</summary>
    private readonly record struct ImageCell(long Offset, long Length, string? Reference);
}
