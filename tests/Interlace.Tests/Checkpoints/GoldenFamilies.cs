namespace Interlace.Tests.Checkpoints;

/// <summary>The model families of the shared material that have a pruned golden.</summary>
internal static class GoldenFamilies
{
    public static IEnumerable<string> Names() => !Directory.Exists(Shared.At("fixtures", "families")) ? [] : Directory.EnumerateDirectories(Shared.At("fixtures", "families"))
        .Where(folder => File.Exists(Path.Combine(folder, "pruned", "golden.json"))).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal);
}
