namespace Interlace.Vlm.Text;

/// <summary>Text of a message, as it is: the chat template neither trims nor adds to it.</summary>
public sealed record TextPart(string Text) : ContentPart;
