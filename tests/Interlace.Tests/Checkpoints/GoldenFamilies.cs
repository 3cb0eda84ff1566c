using System.Text.Json.Nodes;
using Interlace.Vlm.Families;

namespace Interlace.Tests.Checkpoints;

/// <summary>The model families of the shared material that have a pruned golden.</summary>
internal static class GoldenFamilies
{
    /// <summary>Those whose decoder is known here.</summary>
    public static IEnumerable<string> Names() => All().Where(IsKnown);

    /// <summary>Those that are refused.</summary>
    public static IEnumerable<string> Unknown() => All().Where(family => !IsKnown(family));

    private static IEnumerable<string> All() =>
        !Directory.Exists(Shared.At("fixtures", "families")) ? [] : Directory.EnumerateDirectories(Shared.At("fixtures", "families"))
        .Where(folder => File.Exists(Path.Combine(folder, "pruned", "golden.json"))).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal);

    private static bool IsKnown(string family) =>
        FamilyTable.Find(JsonNode.Parse(File.ReadAllText(Shared.At("fixtures", "families", family, "checkpoint", "config.json")))!.AsObject())
            is not null;
}
