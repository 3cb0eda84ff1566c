namespace Interlace.Vlm.Text;

/// <summary>The place of a video. Templates know it; processors refuse it.</summary>
public sealed record VideoPart : ContentPart;
