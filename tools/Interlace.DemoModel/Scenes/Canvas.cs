using Interlace.Vlm.Images;
using SkiaSharp;

namespace Interlace.DemoModel.Scenes;

/// <summary>The 64 x 64 pixels of a scene while it is drawn, in floating point.</summary>
internal sealed class Canvas
{
    /// <summary>Side in pixels.</summary>
    public const int Side = 64;

    private readonly double[] _pixels = new double[Side * Side * 3];

    /// <summary>A light or dark background that changes a little along one axis, with noise.</summary>
    public static Canvas WithBackground(Chance chance)
    {
        var canvas = new Canvas();
        bool light = chance.Happens(0.5), vertical = chance.Happens(0.5);
        double[] from = [.. Enumerable.Range(0, 3).Select(_ => (double)(light ? chance.Between(150, 250) : chance.Between(10, 110)))];
        double[] to = [.. from.Select(c => Math.Clamp(c + chance.Between(-40, 40), 0, 255))];
        for (int y = 0; y < Side; y++)
            for (int x = 0; x < Side; x++)
                for (int c = 0; c < 3; c++)
                    canvas._pixels[(y * Side + x) * 3 + c] = from[c] + (to[c] - from[c]) * (vertical ? y : x) / (Side - 1) + 3 * chance.Normal();
        return canvas;
    }

    /// <summary>One colour everywhere.</summary>
    public static Canvas Plain(byte red, byte green, byte blue)
    {
        var canvas = new Canvas();
        canvas.Fill(0, 0, Side - 1, Side - 1, (red, green, blue));
        return canvas;
    }

    /// <summary>Mean of each channel.</summary>
    public (double Red, double Green, double Blue) Mean => (MeanOf(0), MeanOf(1), MeanOf(2));

    /// <summary>Mean of all channels.</summary>
    public double Brightness => _pixels.Average();

    private double MeanOf(int channel) => Enumerable.Range(0, Side * Side).Average(i => _pixels[3 * i + channel]);

    /// <summary>Fills a rectangle, both corners included.</summary>
    public void Fill(int left, int top, int right, int bottom, (byte Red, byte Green, byte Blue) colour)
    {
        for (int y = Math.Max(0, top); y <= Math.Min(Side - 1, bottom); y++)
            for (int x = Math.Max(0, left); x <= Math.Min(Side - 1, right); x++)
                (_pixels[(y * Side + x) * 3], _pixels[(y * Side + x) * 3 + 1], _pixels[(y * Side + x) * 3 + 2]) = colour;
    }

    /// <summary>Lays a grey picture over the canvas in a colour: the brighter a pixel of it, the less of the canvas is seen.</summary>
    public void Tint((byte Red, byte Green, byte Blue) colour, byte[] grey, int width, int left, int top)
    {
        double[] channels = [colour.Red, colour.Green, colour.Blue];
        for (int i = 0; i < grey.Length; i++)
        {
            int x = left + i % width, y = top + i / width;
            if (x is < 0 or >= Side || y is < 0 or >= Side) continue;
            double value = grey[i] / 255.0, cover = Math.Pow(value, 0.8), shade = 0.55 + 0.45 * value;
            for (int c = 0; c < 3; c++)
            {
                ref double pixel = ref _pixels[(y * Side + x) * 3 + c];
                pixel = pixel * (1 - cover) + channels[c] * shade * cover;
            }
        }
    }

    /// <summary>Draws on the pixels as they are with Skia.</summary>
    public void Paint(Action<SKCanvas> paint)
    {
        RgbImage now = ToImage();
        byte[] rgba = new byte[Side * Side * 4];
        for (int i = 0; i < Side * Side; i++) (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) = (now.Pixels[3 * i], now.Pixels[3 * i + 1], now.Pixels[3 * i + 2], 255);
        unsafe
        {
            fixed (byte* pixels = rgba)
            {
                using var surface = SKSurface.Create(new SKImageInfo(Side, Side, SKColorType.Rgba8888, SKAlphaType.Premul), (nint)pixels);
                paint(surface.Canvas);
            }
        }
        for (int i = 0; i < Side * Side; i++)
            for (int c = 0; c < 3; c++) _pixels[3 * i + c] = rgba[4 * i + c];
    }

    /// <summary>The pixels in 8 bits, cut off at both ends.</summary>
    public RgbImage ToImage() => new(Side, Side, [.. _pixels.Select(p => (byte)Math.Clamp(p, 0, 255))]);
}
