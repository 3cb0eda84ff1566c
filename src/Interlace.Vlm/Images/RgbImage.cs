namespace Interlace.Vlm.Images;

/// <summary>A decoded image: 8-bit RGB, rows top to bottom, <c>Pixels[(y * Width + x) * 3 + channel]</c>.</summary>
public sealed record RgbImage(int Width, int Height, byte[] Pixels);
