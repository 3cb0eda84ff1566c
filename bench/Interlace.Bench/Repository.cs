namespace Interlace.Bench;

/// <summary>Where things lie in the repository.</summary>
internal static class Repository
{
    /// <summary>Its root.</summary>
    public static string Folder { get; } = Find();

    /// <summary>The demo's model, data and benchmarks.</summary>
    public static string Demo => Path.Combine(Folder, "assets", "demo");

    /// <summary>The demo's model.</summary>
    public static string DemoModel => Path.Combine(Demo, "model");

    /// <summary>The program: as it was built, unless another is named.</summary>
    public static string Program
    {
        get => File.Exists(field) ? field : throw new InvalidOperationException($"{field} is missing: build the program first.");
        set;
    } = Path.Combine(Folder, "src", "Interlace.Cli", "bin", "Release", "net10.0", "interlace");

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Interlace.slnx"))) return folder.FullName;
        throw new InvalidOperationException("Interlace.slnx is in no folder above the benchmark.");
    }
}
