namespace Interlace.Vlm.Text;

/// <summary>
/// The place of an image. The i-th image part of a conversation shows the i-th of the images given beside it;
/// <paramref name="Source"/> says where it came from (a path), where that is known.
/// </summary>
public sealed record ImagePart(string? Source = null) : ContentPart;
