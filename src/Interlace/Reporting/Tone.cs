namespace Interlace.Reporting;

/// <summary>A colour on a light and on a dark ground, as #RRGGBB; no two tones share a light value.</summary>
internal sealed record Tone(string Light, string Dark);
