namespace Interlace.Pruning;

/// <summary>A round of SLEB's search.</summary>
/// <param name="Removed">The layer that went.</param>
/// <param name="Candidates">The layers that might have gone, ascending.</param>
/// <param name="Losses">[candidates] mean cross-entropy without each of them;
/// not a number where it was given up because it could not be the lowest.</param>
public sealed record RemovalRound(int Removed, int[] Candidates, double[] Losses)
{
    /// <summary>The loss without the layer that went.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public double Loss => Losses[Array.IndexOf(Candidates, Removed)];
}
