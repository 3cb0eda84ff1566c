namespace Interlace.Experiments;

/// <summary>How weights are made sparse (paper 4.4).</summary>
/// <param name="Method">wanda: by weight and input; magnitude: by weight alone, without data.</param>
/// <param name="Pattern">N:M such as 2:4 or 4:8, or a fraction of each row such as 0.5.</param>
/// <param name="MaxSamples">Wanda: at most this many of the calibration's samples, spread over its data sets.
/// The default is the number of Wanda's authors.</param>
public sealed record SparsityOptions(string Method = SparsityOptions.Wanda, string Pattern = "2:4", int MaxSamples = 128)
{
    /// <summary>Importance by weight and input.</summary>
    public const string Wanda = "wanda";

    /// <summary>Importance by weight.</summary>
    public const string Magnitude = "magnitude";

    /// <summary>Both methods.</summary>
    public static IReadOnlyList<string> Methods { get; } = [Wanda, Magnitude];
}
