using Interlace.DemoModel.Sources;
using SkiaSharp;

namespace Interlace.Tests.DemoModel;

/// <summary>Sources in place of the large ones: garments and digits are patterns of stripes, things are plain discs and squares, words come from the list, in the font that reports carry.</summary>
internal static class SmallSources
{
    public static SceneSources Create(Split split = Split.Train)
    {
        var (words, withheld) = SceneSources.WordsOf(split);
        string font = Path.Combine(Shared.Repository, "src", "Interlace", "Reporting", "Fonts", "DejaVuSans.ttf");
        return new([.. Enumerable.Range(0, SceneSources.GarmentNames.Count).Select(Patterns)], [.. Enumerable.Range(10, 10).Select(Patterns)], Things(), words, withheld.ToHashSet(StringComparer.Ordinal), [SKTypeface.FromFile(font)]);
    }

    private static byte[][] Patterns(int kind) => [.. Enumerable.Range(0, 3).Select(shift =>
        Enumerable.Range(0, 784).Select(i => (byte)(255 * (((i % 28 + shift) * (kind % 5 + 1) + i / 28 * (kind / 5)) / 8 % 2))).ToArray())];

    private static ThingPicture[] Things() => [.. new[] { ("apple", "food"), ("ball", "sport"), ("box", "tool"), ("sea", "plant") }.Select((thing, i) =>
    {
        using var bitmap = new SKBitmap(64, 64, SKColorType.Rgba8888, SKAlphaType.Premul);
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint { Color = new SKColor((byte)(60 * i), (byte)(255 - 60 * i), 128) };
        canvas.Clear(SKColors.Transparent);
        if (i % 2 == 0) canvas.DrawCircle(32, 32, 28, paint);
        else canvas.DrawRect(8, 8, 48, 48, paint);
        return new ThingPicture(thing.Item1, thing.Item2, SKImage.FromBitmap(bitmap));
    })];
}
