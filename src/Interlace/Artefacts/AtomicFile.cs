using Interlace.Outputs;

namespace Interlace.Artefacts;

/// <summary>Files that appear whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>Writes beside the place, flushes to the disk, and renames: a reader sees the old file or the new one.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, beside = path + ".partial";
        Directory.CreateDirectory(folder);
        using (var file = File.Create(beside))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }
        File.Move(beside, path, overwrite: true);
        Durable.FlushFolder(folder);
    }
}
