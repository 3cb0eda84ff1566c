namespace Interlace.Pruning;

/// <summary>A check of an adaptive calibration.</summary>
/// <param name="Samples">Samples there were.</param>
/// <param name="Drop">Layers that their plan drops.</param>
/// <param name="Agreement">Share of drawings that drop exactly these.</param>
public sealed record StabilityCheck(int Samples, int[] Drop, double Agreement);
