namespace Interlace.Reporting;

/// <summary>Cosine similarity by depth (paper 3.2).</summary>
/// <param name="Layer">[L]: input against output of layer l.</param>
/// <param name="Triplet">[L-2]: input of layer i against output of layer i+2.</param>
/// <param name="LayerErrors">[L]: standard errors, where known.</param>
/// <param name="TripletErrors">[L-2]: standard errors, where known.</param>
/// <param name="Tokens">Tokens measured.</param>
/// <param name="Samples">Samples they came from.</param>
/// <param name="Sinks">Which layers write attention sinks, where known.</param>
public sealed record SimilarityData(double[] Layer, double[] Triplet, double[]? LayerErrors = null, double[]? TripletErrors = null,
    long Tokens = 0, long Samples = 0, Calibration.SinkProfile? Sinks = null);
