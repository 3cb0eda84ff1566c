namespace Interlace.Experiments;

/// <summary>How the dropped layers are removed.</summary>
/// <param name="Bridge">Multiply a linear map into the layer before each run of dropped layers that brings its output nearest to theirs,
/// in closed form, over part of the data.</param>
/// <param name="Ridge">How strongly a map is held to the identity, as a part of the mean square of what it reads; 0 for not at all.</param>
/// <param name="MaxSamples">Bridges: at most this many of the calibration's samples, spread over its data sets. All their tokens together
/// should be many times the width of the model.</param>
public sealed record PruneOptions(bool Bridge = false, double Ridge = 1e-4, int MaxSamples = 512);
