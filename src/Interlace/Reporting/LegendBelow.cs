using System.Globalization;
using System.Xml.Linq;

namespace Interlace.Reporting;

/// <summary>A legend below a narrow drawing: the drawing library leaves out what exceeds a few lines.</summary>
internal static class LegendBelow
{
    private const int LineHeight = 17;

    /// <summary>Adds the lines, in two columns where they fit, and gives the height of all.</summary>
    public static int Add(XElement svg, IReadOnlyList<LegendKey> keys, int width, int height)
    {
        if (keys.Count == 0) return height;
        int columns = keys.Max(key => ChartFont.Width(key.Text, 11)) < width / 2 - 44 ? 2 : 1, lines = (keys.Count + columns - 1) / columns;
        for (int i = 0; i < keys.Count; i++) Add(svg, keys[i], 8 + i / lines * (width / columns), height + 8 + i % lines * LineHeight);
        return height + 8 + lines * LineHeight;
    }

    private static void Add(XElement svg, LegendKey key, int x, int y)
    {
        XElement Element(string name, params (string Name, object Value)[] attributes) =>
            new(svg.Name.Namespace + name,
                attributes.Select(a => new XAttribute(a.Name, Convert.ToString(a.Value, CultureInfo.InvariantCulture)!)));
        if (key.Dashes is { } dashes)
        {
            XElement line = Element("line", ("x1", x), ("x2", x + 22), ("y1", y), ("y2", y), ("stroke", key.Tone.Light),
                ("stroke-width", 2));
            if (dashes.Length > 0) line.SetAttributeValue("stroke-dasharray", dashes);
            svg.Add(line);
        }
        if (key.Shape is { } shape)
            svg.Add(shape switch
            {
                0 => Element("circle", ("cx", x + 11), ("cy", y), ("r", 3.5), ("fill", key.Tone.Light)),
                1 => Element("rect", ("x", x + 8), ("y", y - 3), ("width", 6), ("height", 6), ("fill", key.Tone.Light)),
                _ => Element("path", ("d", $"M{x + 7} {y + 3}h8l-4 -7z"), ("fill", key.Tone.Light)),
            });
        XElement text = Element("text", ("x", x + 30), ("y", y + 4), ("font-size", 11), ("fill", Palette.Ink.Light),
            ("text-anchor", "start"));
        text.Value = key.Text;
        svg.Add(text);
    }
}
