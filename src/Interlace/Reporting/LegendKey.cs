using System.Xml.Linq;

namespace Interlace.Reporting;

/// <summary>A line of a legend.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Tone">Its colour.</param>
/// <param name="Shape">The marker: 0 a disc, 1 a square, 2 a triangle; null for none.</param>
/// <param name="Dashes">The dashes of the line, as SVG has them (empty for a solid one); null for no line.</param>
internal sealed record LegendKey(string Text, Tone Tone, int? Shape, string? Dashes);
