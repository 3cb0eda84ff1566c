using System.Text.Json.Nodes;

namespace Interlace.Tests;

/// <summary>
/// The shared golden material: the folder that INTERLACE_SHARED names (relative to the folder of Interlace.slnx), by default <c>../shared</c>.
/// A test whose material is absent is skipped with the reason; it is never skipped when the material is there.
/// </summary>
internal static class Shared
{
    /// <summary>The folder that holds Interlace.slnx.</summary>
    public static string Repository { get; } = FindRepository();

    public static string Root { get; } = Path.GetFullPath(Path.Combine(Repository, Environment.GetEnvironmentVariable("INTERLACE_SHARED") is { Length: > 0 } set ? set : "../shared"));

    public static string At(params string[] parts)
    {
        Assert.True(IsAllowed(parts),
            $"{string.Join('/', parts)} is golden material: the test that compares with it needs [Trait(\"Category\", \"Golden\")]; a test that only needs a checkpoint takes it from {nameof(TinyCheckpoints)}.");
        return Path.Combine([Root, .. parts]);
    }

    /// <summary>A path under the shared folder, or a skipped test where it is not there.</summary>
    public static string Require(params string[] parts)
    {
        string path = At(parts);
        Assert.SkipUnless(Path.Exists(path), $"shared material {Path.Combine(parts)} is absent (INTERLACE_SHARED)");
        return path;
    }

    public static JsonNode Json(params string[] parts) => JsonNode.Parse(File.ReadAllText(Require(parts)))!;

    /// <summary>Names of the folders under <paramref name="parts"/> that hold <paramref name="file"/>, sorted; empty where the material is absent.</summary>
    public static IEnumerable<string> FoldersWith(string file, params string[] parts) => !Directory.Exists(At(parts)) ? [] :
        Directory.EnumerateDirectories(At(parts)).Where(folder => File.Exists(Path.Combine(folder, file))).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal);

    /// <summary>
    /// Tests without the trait may look at small inputs (<c>cases</c>) only: what they say must not depend on one folder's golden values.
    /// </summary>
    private static bool IsAllowed(string[] parts) =>
        parts is ["cases", ..] || TestContext.Current.Test is not { } test || test.Traits.TryGetValue("Category", out var categories)
            && categories.Contains("Golden");

    private static string FindRepository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Interlace.slnx"))) return folder.FullName;
        throw new InvalidOperationException("Interlace.slnx is in no folder above the tests.");
    }
}
