namespace Interlace.Vlm;

/// <summary>Where values were first no numbers.</summary>
/// <param name="Place">A stage of the pass, with its preposition.</param>
/// <param name="Weight">A weight of that stage that holds such values; null where all its weights are numbers.</param>
public sealed record FirstFault(string Place, string? Weight)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Weight is null ? $"{Place}, whose weights are numbers" : $"{Place}, whose weight {Weight} holds such values";
}
