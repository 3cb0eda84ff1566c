using System.Globalization;
using System.Xml.Linq;
using ScottPlot;

namespace Interlace.Reporting;

/// <summary>
/// A chart that can be drawn at any width. The same data give the same bytes on every machine, whatever fonts are installed.
/// </summary>
public sealed class Chart
{
    /// <summary>A width for pages, in pixels.</summary>
    public const int Wide = 880;

    /// <summary>A width for telephones, in pixels.</summary>
    public const int Narrow = 360;

    private readonly string _key;
    private readonly Func<int, (Plot plot, int height)> _draw;
    private readonly Func<int, IReadOnlyList<LegendKey>> _below;

    /// <param name="key">The chart's name among others.</param>
    /// <param name="label">What it shows, in a sentence.</param>
    /// <param name="draw">The drawing of a width, and its height.</param>
    /// <param name="below">Lines of a legend below the drawing of a width; none where absent.</param>
    internal Chart(string key, string label, Func<int, (Plot plot, int height)> draw, Func<int, IReadOnlyList<LegendKey>>? below = null) =>
        (_key, Label, _draw, _below) = (key, label, draw, below ?? (_ => []));

    /// <summary>The chart's name among others.</summary>
    internal string Key => _key;

    /// <summary>The same chart under another name: ids of one page must differ.</summary>
    internal Chart Renamed(string key) => new(key, Label, _draw, _below);

    /// <summary>What the chart shows, in a sentence.</summary>
    public string Label { get; }

    /// <summary>
    /// The chart as a self-contained SVG whose text is text. It takes the colours of a dark page where the reader prefers one;
    /// its ground is transparent.
    /// </summary>
    public string Svg(int width = Wide) => Svg(width, standalone: true);

    /// <summary>The chart as a PNG image on a white ground, without a legend that stands below it,
    /// at <paramref name="scale"/> pixels for each pixel of the layout.</summary>
    public byte[] Png(int width = Wide, double scale = 2)
    {
        (Plot plot, int height) = _draw(width);
        using (plot)
        {
            plot.FigureBackground.Color = Colors.White;
            plot.ScaleFactor = scale;
            return plot.GetImageBytes((int)(width * scale), (int)(height * scale), ImageFormat.Png);
        }
    }

    /// <summary>The chart as an SVG by itself or for a page that holds the dark colours and several charts:
    /// ids carry the chart's key and width.</summary>
    internal string Svg(int width, bool standalone)
    {
        (Plot plot, int height) = _draw(width);
        using (plot)
        {
            XElement svg = XDocument.Parse(plot.GetSvgXml(width, height)).Root!;
            RenameIds(svg, $"{_key}-{width}-");
            foreach (XElement text in svg.Descendants().Where(element => element.Name.LocalName == "text")) Relax(text);
            height = LegendBelow.Add(svg, _below(width), width, height);
            svg.SetAttributeValue("height", height);
            svg.SetAttributeValue("viewBox", $"0 0 {width} {height}");
            svg.SetAttributeValue("role", "img");
            svg.SetAttributeValue("aria-label", Label);
            svg.SetAttributeValue("font-family", SvgWriter.Fonts);
            if (standalone)
                svg.AddFirst(XElement.Parse(SvgWriter.DarkStyle.Replace("<style>", $"<style xmlns=\"{svg.Name.NamespaceName}\">",
                    StringComparison.Ordinal)));
            else Embed(svg);
            return svg.ToString(SaveOptions.DisableFormatting);
        }
    }

    /// <summary>
    /// Skia pins every glyph to the place it has in its own font.
    /// Here a text keeps only the point it hangs on, so that a browser can set it in the reader's font.
    /// </summary>
    private static void Relax(XElement text)
    {
        string content = text.Value.Trim();
        float size = float.Parse(text.Attribute("font-size")?.Value ?? "12", CultureInfo.InvariantCulture);
        float first = FirstNumber(text.Attribute("x")), width = ChartFont.Width(content, size);
        double share = width > 0 ? Math.Clamp(Math.Round(-2 * first / width) / 2, 0, 1) : 0;
        text.ReplaceNodes(content);
        text.SetAttributeValue("x", Math.Round(first + share * width, 2).ToString(CultureInfo.InvariantCulture));
        text.SetAttributeValue("y", FirstNumber(text.Attribute("y")).ToString(CultureInfo.InvariantCulture));
        text.SetAttributeValue("text-anchor", share switch { 0 => "start", 1 => "end", _ => "middle" });
        text.SetAttributeValue("font-family", null);
        text.SetAttributeValue("font-weight", null);
    }

    private static float FirstNumber(XAttribute? numbers) =>
        numbers?.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is [string first, ..]
            ? float.Parse(first, CultureInfo.InvariantCulture)
            : 0;

    /// <summary>Clip paths are numbered over the life of the process:
    /// count them from 0 instead, which also makes the bytes repeatable.</summary>
    private static void RenameIds(XElement svg, string prefix)
    {
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        foreach (XAttribute id in svg.Descendants().Attributes("id")) id.Value = names[id.Value] = $"{prefix}{names.Count}";
        foreach (XAttribute reference in svg.Descendants().Attributes()
            .Where(attribute => attribute.Value.StartsWith("url(#", StringComparison.Ordinal)))
            reference.Value = names.TryGetValue(reference.Value[5..^1], out string? name) ? $"url(#{name})" : reference.Value;
    }

    /// <summary>Inside a page an SVG needs no namespaces, and the page holds the dark colours.</summary>
    private static void Embed(XElement svg)
    {
        foreach (XElement element in svg.DescendantsAndSelf()) element.Name = element.Name.LocalName;
        svg.Attributes().Where(attribute => attribute.IsNamespaceDeclaration).Remove();
    }
}
