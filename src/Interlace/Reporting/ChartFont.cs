using ScottPlot;
using SkiaSharp;

namespace Interlace.Reporting;

/// <summary>
/// DejaVu Sans, carried inside this assembly. Charts are laid out with it and nothing else,
/// so that they come out the same on every machine: without any installed font the
/// drawing library would leave out every text, from SVG as well.
/// </summary>
internal sealed class ChartFont : IFontResolver
{
    /// <summary>A name that no installed font has.</summary>
    public const string Name = "Interlace chart sans";

    private static readonly SKTypeface Typeface = Load();

    static ChartFont() => Fonts.FontResolvers.Add(new ChartFont());

    /// <summary>Width of a line of text in pixels.</summary>
    public static float Width(string text, float size)
    {
        using SKFont font = new(Typeface, size);
        return font.MeasureText(text);
    }

    /// <summary>Makes the font known to the drawing library and sets it for all of a plot.</summary>
    public static void Apply(Plot plot) => plot.Font.Set(Name);

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Name ? Typeface : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? Typeface : null;

    private static SKTypeface Load()
    {
        using Stream file = typeof(ChartFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        return SKTypeface.FromStream(file);
    }
}
