namespace Interlace.Data;

/// <summary>One message of an example as its source has it.</summary>
/// <param name="Role"><c>user</c>, <c>assistant</c> or <c>system</c> where the source's name for it is known, else that name.</param>
/// <param name="Text">The text with <c>&lt;image&gt;</c> wherever the source has it; null where the source has none.</param>
public sealed record Turn(string Role, string? Text)
{
    /// <summary>Who asks.</summary>
    public const string User = "user";

    /// <summary>Who answers.</summary>
    public const string Assistant = "assistant";

    /// <summary>Nobody: a plain text.</summary>
    public const string Plain = "text";

    /// <summary>Who says what holds for all that follows.</summary>
    public const string System = "system";
}
