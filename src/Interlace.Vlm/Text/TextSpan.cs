namespace Interlace.Vlm.Text;

/// <summary>Characters <c>[Start, End)</c> of a text (UTF-16 code units, 0-based).</summary>
public readonly record struct TextSpan(int Start, int End);
