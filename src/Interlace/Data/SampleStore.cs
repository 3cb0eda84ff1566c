using System.Buffers.Binary;
using System.Text.Json;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Microsoft.Win32.SafeHandles;

namespace Interlace.Data;

/// <summary>
/// The drawn samples as one compact local file with random access: records end to end, then their offsets.
/// Why a copy: an epoch is a shuffle over everything drawn, while Parquet is read in whole pages and row groups of hundreds of megabytes;
/// serving a shuffled order from the shards would read every page as often as it holds drawn rows, or hold a large window in memory.
/// A copy reads each needed page once,
/// then any order, any number of runs and a resume at any sample cost one read each. 1 % of FineVision is some 50 GB.
/// Safe for several readers at once.
/// </summary>
public sealed class SampleStore : IDisposable
{
    private const int TailLength = 24;
    private static readonly byte[] Magic = "ILSAMPL2"u8.ToArray();
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly long[] _offsets;
    private readonly SkipCounts _skipped;

    private SampleStore(string path, SafeFileHandle file, long[] offsets, SkipCounts skipped) =>
        (_path, _file, _offsets, _skipped) = (path, file, offsets, skipped);

    /// <summary>Number of samples.</summary>
    public int Count => _offsets.Length - 1;

    /// <summary>Rows that were left out while it was written, by reason.</summary>
    public SkipCounts Skipped => new(_skipped);

    /// <summary>The sample at a 0-based place.</summary>
    public Sample this[int index]
    {
        get
        {
            byte[] record = new byte[checked((int)(_offsets[index + 1] - _offsets[index]))];
            if (ReadFully(_file, record, _offsets[index]) < record.Length)
                throw new InputException($"The sample file '{_path}' has become shorter while it was in use: delete it and start again.");
            try
            {
                using var reader = new BinaryReader(new MemoryStream(record));
                return ReadSample(reader) with { Place = index };
            }
            catch (Exception e) when (e is EndOfStreamException or FormatException or OverflowException)
            {
                throw new InputException($"Sample {index} of '{_path}' is damaged: delete the file and start again.", e);
            }
        }
    }

    /// <summary>
    /// Opens the store at <paramref name="path"/> if it is complete
    /// and was written under the same <paramref name="key"/> (whatever decides its content: data, rate,
    /// seed, filter); otherwise writes it from <paramref name="read"/>, beside it first and renamed when complete,
    /// so that an interrupted writing leaves no half of it.
    /// Throws <see cref="InputException"/> where <paramref name="estimatedBytes"/> exceed the free disk space.
    /// </summary>
    public static SampleStore OpenOrWrite(string path, string key, long estimatedBytes, Func<SkipCounts, IEnumerable<Sample>> read)
    {
        if (File.Exists(path) && TryOpen(path, key) is { } ready) return ready;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        string beside = path + ".partial";
        File.Delete(beside);
        FreeSpace.Check(folder, estimatedBytes, $"The copy of the drawn samples in {folder}");
        try
        {
            Write(beside, key, read);
            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
        return TryOpen(path, key) ?? throw new IOException($"The sample file '{path}' cannot be read back.");
    }

    /// <summary>Opens a store that another process has written.</summary>
    /// <exception cref="InputException">It is not there, or was written under another key.</exception>
    public static SampleStore Open(string path, string key) => (File.Exists(path) ? TryOpen(path, key) : null)
        ?? throw new InputException($"The samples in {path} are not seen from this machine: "
            + "write to a folder that all machines of the job share.");

    /// <summary>The sample behind another one of the store, whatever the order in which they are taken; null behind the last.</summary>
    public Sample? After(Sample sample) => sample.Place + 1 < Count ? this[sample.Place + 1] : null;

    /// <summary>The samples in a given order of places, from the <paramref name="first"/>-th of that order on:
    /// a resumed epoch starts in its middle at no cost.</summary>
    public IEnumerable<Sample> Read(IReadOnlyList<int> order, int first = 0)
    {
        for (int i = first; i < order.Count; i++) yield return this[order[i]];
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Write(string path, string key, Func<SkipCounts, IEnumerable<Sample>> read)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        using var writer = new BinaryWriter(file);
        writer.Write(Magic);
        SkipCounts skipped = [];
        List<long> offsets = [writer.BaseStream.Position];
        foreach (Sample sample in read(skipped))
        {
            WriteSample(writer, sample);
            offsets.Add(writer.BaseStream.Position);
        }
        foreach (long offset in offsets) writer.Write(offset);
        writer.Write(skipped.ToJson());
        writer.Write(key);
        writer.Write(offsets[^1]);
        writer.Write((long)offsets.Count);
        writer.Write(Magic);
        writer.Flush();
        file.Flush(flushToDisk: true);
    }

    private static SampleStore? TryOpen(string path, string key)
    {
        SafeFileHandle file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        try
        {
            if (ReadIndex(file, key) is var (offsets, skipped)) return new SampleStore(path, file, offsets, skipped);
        }
        catch (Exception e) when (e is EndOfStreamException or JsonException or FormatException)
        {
            // Not a store, or half of one: it is written anew.
        }
        file.Dispose();
        return null;
    }

    private static (long[] Offsets, SkipCounts Skipped)? ReadIndex(SafeFileHandle file, string key)
    {
        long length = RandomAccess.GetLength(file);
        byte[] tail = new byte[TailLength];
        if (length < TailLength || ReadFully(file, tail, length - TailLength) < TailLength || !tail.AsSpan(16).SequenceEqual(Magic))
            return null;
        long at = BinaryPrimitives.ReadInt64LittleEndian(tail), count = BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(8));
        if (at < 0 || at > length || length - at > Array.MaxLength || count < 1 || count > (length - at) / sizeof(long)) return null;
        byte[] index = new byte[length - at];
        if (ReadFully(file, index, at) < index.Length) return null;
        using var reader = new BinaryReader(new MemoryStream(index));
        long[] offsets = [.. Enumerable.Range(0, (int)count).Select(_ => reader.ReadInt64())];
        if (offsets[0] < 0 || offsets[^1] > at || offsets.Zip(offsets.Skip(1)).Any(pair => pair.Second < pair.First)) return null;
        var skipped = SkipCounts.Parse(reader.ReadString());
        return reader.ReadString() == key ? (offsets, skipped) : null;
    }

    private static void WriteSample(BinaryWriter writer, Sample sample)
    {
        writer.Write(sample.Set);
        writer.Write(sample.Shard);
        writer.Write(sample.Row);
        writer.Write((byte)sample.Places);
        writer.Write(sample.Turns.Count);
        foreach (Turn turn in sample.Turns)
        {
            writer.Write(turn.Role);
            writer.Write(turn.Text is not null);
            if (turn.Text is not null) writer.Write(turn.Text);
        }
        writer.Write(sample.Images.Count);
        foreach (byte[] image in sample.Images)
        {
            writer.Write(image.Length);
            writer.Write(image);
        }
    }

    private static Sample ReadSample(BinaryReader reader)
    {
        (string set, string shard, long row) = (reader.ReadString(), reader.ReadString(), reader.ReadInt64());
        var places = (ImagePlaces)reader.ReadByte();
        var turns = new Turn[CountIn(reader)];
        for (int i = 0; i < turns.Length; i++)
            turns[i] = new Turn(reader.ReadString(), reader.ReadBoolean() ? reader.ReadString() : null);
        var images = new byte[CountIn(reader)][];
        for (int i = 0; i < images.Length; i++) images[i] = reader.ReadBytes(CountIn(reader));
        return new Sample(set, shard, row, turns, images, places);
    }

    /// <summary>A number of things that take a byte each at least.</summary>
    private static int CountIn(BinaryReader reader) =>
        reader.ReadInt32() is >= 0 and var count && count <= reader.BaseStream.Length - reader.BaseStream.Position
            ? count : throw new FormatException("a number that cannot be");

    private static int ReadFully(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        int total = 0;
        while (total < buffer.Length && RandomAccess.Read(file, buffer[total..], offset + total) is > 0 and int read) total += read;
        return total;
    }
}
