namespace Interlace.Vlm.Images;

/// <summary>How an encoded image becomes plain RGB. No setting manages colour: pixel values are taken as they are stored.</summary>
/// <param name="ApplyOrientation">Whether the picture is turned as its EXIF orientation says.</param>
/// <param name="TransparencyOnWhite">Whether transparent pixels are blended with white; otherwise alpha is dropped.</param>
public sealed record ImageDecoding(bool ApplyOrientation, bool TransparencyOnWhite)
{
    /// <summary>Training data and images of a user: turned, and on white.</summary>
    public static ImageDecoding Oriented { get; } = new(true, true);

    /// <summary>Images of benchmark tables: neither, a plain conversion to RGB.</summary>
    public static ImageDecoding Plain { get; } = new(false, false);

    /// <summary>The header is read alone: an outline comes of it, of an image that may turn out to be damaged.</summary>
    public bool OutlineOnly { get; init; }
}
