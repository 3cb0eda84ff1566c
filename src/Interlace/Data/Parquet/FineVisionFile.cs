using System.Text;
using System.Text.RegularExpressions;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using ParquetSharp;

namespace Interlace.Data.Parquet;

/// <summary>A Parquet file in FineVision's schema.</summary>
internal sealed class FineVisionFile : IRowFile
{
    private const int LongestReason = 200;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private long _bytesRead;

    /// <inheritdoc/>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <inheritdoc/>
    public bool NeedsPreparation => true;

    /// <summary>Reads the footer, nothing else.</summary>
    /// <exception cref="InputException">The file is no Parquet file, or a column is missing.</exception>
    public static Shard Open(string name, string path) => Open(name, path, () => new LocalShardBytes(path));

    /// <summary>Reads the footer of a file that lies anywhere.</summary>
    /// <param name="name">Its path inside the set.</param>
    /// <param name="path">Where it lies, for messages.</param>
    /// <param name="open">Opens its bytes.</param>
    /// <exception cref="InputException">The file is no Parquet file, or a column is missing.</exception>
    internal static Shard Open(string name, string path, Func<IShardBytes> open) => Guard(path, () =>
    {
        using var stream = new ShardStream(open());
        ParquetFooter footer = ParquetFooter.Read(stream);
        long bytes = footer.RowGroups.Where(group => group.Rows > 0)
            .Sum(group => FineVisionColumns.In(group).SampleColumns.Sum(column => group.Columns[column].Bytes.Length));
        return new Shard(name, footer.RowGroups.Sum(group => group.Rows), stream.Length, bytes, path) { File = new FineVisionFile() };
    });

    /// <inheritdoc/>
    public IEnumerable<SourceRow> Read(string set, Shard shard, IReadOnlyList<long> rows, RowFilter filter)
    {
        var stamp = FileStamps.Of([shard.Path]);
        using ShardReader reader = Guard(shard.Path, () => new ShardReader(shard.Path));
        if (reader.Length != shard.Length)
            throw new InputException($"The data file '{shard.Path}' has changed while it was in use: start again.");
        using IEnumerator<ShardRow> read = reader.Read(rows, filter).GetEnumerator();
        try
        {
            while (Guard(shard.Path, read.MoveNext)) yield return ToRow(set, shard.Name, read.Current);
            stamp.Check();
        }
        finally
        {
            Interlocked.Add(ref _bytesRead, reader.BytesRead);
        }
    }

    private static SourceRow ToRow(string set, string shard, ShardRow row)
    {
        try
        {
            return row.Skip is null
                ? new(new Sample(set, shard, row.Row, Turns(row), row.Images), null, row.Fails) : new(null, row.Skip, row.Fails);
        }
        catch (SampleException e)
        {
            return new(null, e.Reason, Fails: true);
        }
    }

    /// <summary>User and assistant by turns. Throws <see cref="SampleException"/> where a text is not UTF-8.</summary>
    private static Turn[] Turns(ShardRow row) =>
        [.. row.Questions.Zip(row.Answers).SelectMany(turn =>
            new[] { new Turn(Turn.User, Text(turn.First)), new Turn(Turn.Assistant, Text(turn.Second)) })];

    private static string? Text(byte[]? bytes)
    {
        try
        {
            return bytes is null ? null : Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new SampleException(SkipReason.InvalidText, e);
        }
    }

    /// <summary>
    /// The library's native part wraps its sentence, <c>NAME (message: 'SENTENCE')</c>,
    /// in which names of exceptions may stand and bytes of the file.
    /// </summary>
    internal static string Reason(Exception error)
    {
        string text = error.Message.ReplaceLineEndings(" ");
        const string mark = "(message: '";
        if (text.IndexOf(mark, StringComparison.Ordinal) is >= 0 and int at) text = text[(at + mark.Length)..].TrimEnd(')', '\'');
        text = Regex.Replace(text, @"\w*Exception: ", "");
        return (text.Length > LongestReason ? text[..LongestReason] : text).TrimEnd('.', ' ');
    }

    /// <summary>What goes wrong with a file's bytes as one sentence that names the file.</summary>
    internal static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is ParquetException or InvalidDataException or IOException
            or UnauthorizedAccessException or OverflowException)
        {
            throw new InputException($"The data file '{path}' cannot be read: {Reason(e)}; "
                + "fetch it again or take it out of the folder.", e);
        }
    }
}
