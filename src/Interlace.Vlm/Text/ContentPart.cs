namespace Interlace.Vlm.Text;

/// <summary>One piece of a message: text, or the place where an image stands.</summary>
public abstract record ContentPart;
