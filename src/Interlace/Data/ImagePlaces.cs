namespace Interlace.Data;

/// <summary>Where the images of an example stand among its texts.</summary>
public enum ImagePlaces
{
    /// <summary>All before the first user text. An <c>&lt;image&gt;</c> in a text says nothing: it was left behind by others.</summary>
    First,

    /// <summary>Each <c>&lt;image&gt;</c> in the user's texts stands for the next image.</summary>
    Marked,

    /// <summary>Nowhere: the example is one plain text, which is shown as it stands, without a chat around it.</summary>
    None,
}
