using Interlace.Outputs;
using Interlace.Vlm.Images;

namespace Interlace.Data.Json;

/// <summary>
/// Reads the images that the rows of a JSON file name: files in the folder that is given for them or beside the file of rows, or bytes in
/// the row itself. Nothing is fetched from the network.
/// </summary>
internal sealed class RowImages
{
    private const long MostBytes = 1 << 30;   // of one row
    private readonly string[] _folders, _real;

    /// <param name="file">The file of rows.</param>
    /// <param name="images">The folder of images, where one is given.</param>
    public RowImages(string file, string? images)
    {
        string beside = Path.GetDirectoryName(Path.GetFullPath(file))!;
        _folders = images is null ? [beside] : [Path.GetFullPath(images), beside];
        _real = [.. _folders.Select(RealPath.Of)];
    }

    /// <summary>The encoded images, in order.</summary>
    /// <exception cref="SampleException">One cannot be read.</exception>
    public IReadOnlyList<byte[]> Read(IReadOnlyList<string> sources)
    {
        List<byte[]> images = [];
        long bytes = 0;
        foreach (string source in sources)
        {
            images.Add(Read(source));
            if ((bytes += images[^1].Length) > MostBytes) throw new SampleException(SkipReason.TooLargeImage);
        }
        return images;
    }

    private byte[] Read(string source)
    {
        if (source.StartsWith("data:", StringComparison.OrdinalIgnoreCase)) return Decode(source);
        if (source.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase)) throw new SampleException(SkipReason.RemoteImage);
        string full = Find(source);
        return ImageFile.Fault(full, _real) is { } fault ? throw new SampleException(fault) : ImageFile.Read(full);
    }

    /// <summary>A path that is not relative must name one of the folders itself.</summary>
    private string Find(string path)
    {
        if (ImageFile.LeadsUp(path)) throw new SampleException(SkipReason.ForeignImage);
        if (!Path.IsPathRooted(path))
        {
            string[] places = [.. _folders.Select(folder => Path.Combine(folder, path))];
            return places.FirstOrDefault(Path.Exists) ?? places[0];
        }
        return _folders.Concat(_real).Any(folder => RealPath.IsWithin(Path.GetFullPath(path), folder))
            ? path : throw new SampleException(SkipReason.ForeignImage);
    }

    /// <summary>The bytes of <c>data:image/...;base64,...</c>.</summary>
    private static byte[] Decode(string address)
    {
        int at = address.IndexOf(',');
        if (at < 0 || !address.AsSpan(0, at).EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
            throw new SampleException(SkipReason.UndecodableImage);
        byte[] bytes = new byte[(address.Length - at) / 4 * 3 + 3];
        if (!Convert.TryFromBase64Chars(address.AsSpan(at + 1), bytes, out int written))
            throw new SampleException(SkipReason.UndecodableImage);
        return written > ImageDecoder.MaxBytes ? throw new SampleException(SkipReason.TooLargeImage) : bytes[..written];
    }
}
