using System.Text;

namespace Interlace.Reporting;

/// <summary>Writes a small SVG of rectangles and text; everything given is escaped.</summary>
internal sealed class SvgWriter
{
    /// <summary>Fonts of drawn text: the reader's own, with metrics near those that charts are laid out with.</summary>
    public const string Fonts = "system-ui, 'DejaVu Sans', Verdana, sans-serif";

    private readonly StringBuilder _text = new();

    /// <summary>Opens an SVG of this size in pixels; <paramref name="label"/> is what a screen reader says.
    /// Inside a page the page's own style sheet holds the dark colours.</summary>
    public SvgWriter(int width, int height, string label, bool standalone)
    {
        _text.Append(standalone ? "<svg xmlns=\"http://www.w3.org/2000/svg\" " : "<svg ")
            .Append($"viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{Escape(label)}\" "
                + $"font-family=\"{Fonts}\">");
        if (standalone) _text.Append(DarkStyle);
    }

    /// <summary>The style element that a standalone SVG carries.</summary>
    public static string DarkStyle => $"<style>@media screen and (prefers-color-scheme:dark){{{Palette.DarkRules}}}</style>";

    public void Rectangle(int x, int y, int width, int height, Tone fill, string? tip = null) =>
        _text.Append($"<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\" fill=\"{fill.Light}\">")
            .Append(tip is null ? "" : $"<title>{Escape(tip)}</title>").Append("</rect>");

    public void Text(int x, int y, int size, Tone fill, string text, string anchor) =>
        _text.Append($"<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill.Light}\" "
            + $"text-anchor=\"{anchor}\">{Escape(text)}</text>");

    public string Finish() => _text.Append("</svg>").ToString();

    private static string Escape(string text) => System.Net.WebUtility.HtmlEncode(text);
}
