using System.IO.Compression;

namespace Interlace.Tests.Packages;

/// <summary>Both libraries, packed from what was built with the tests, in a folder that serves as a feed.</summary>
public sealed class PackedLibraries : IDisposable
{
    private static readonly string[] Envelope = ["[Content_Types].xml", "_rels", "package"];

    private readonly ScratchFolder _scratch = new();

    public PackedLibraries()
    {
        Sdk.Require();
        foreach (string project in new[] { "Interlace.Vlm", "Interlace" })
            Sdk.Run(Shared.Repository, "pack", Path.Combine("src", project), "--no-build", "-c", Sdk.Configuration, "-o", Feed);
    }

    /// <summary>Folder of the packages.</summary>
    public string Feed => _scratch.At("feed");

    /// <summary>The version of this build.</summary>
    public static string Version { get; } = typeof(Interlace.Experiments.Experiment).Assembly.GetName().Version!.ToString(3);

    /// <summary>Files of a package and their bytes, without the envelope of every package.</summary>
    public Dictionary<string, byte[]> Files(string name, string extension = ".nupkg")
    {
        using var package = ZipFile.OpenRead(Path.Combine(Feed, $"{name}.{Version}{extension}"));
        return package.Entries.Where(entry => !Envelope.Contains(entry.FullName.Split('/')[0]))
            .ToDictionary(entry => entry.FullName, Bytes);
    }

    public void Dispose() => _scratch.Dispose();

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using var from = entry.Open();
        using var to = new MemoryStream();
        from.CopyTo(to);
        return to.ToArray();
    }
}
