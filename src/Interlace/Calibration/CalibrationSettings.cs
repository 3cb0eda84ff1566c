using System.Text.Json.Serialization;

namespace Interlace.Calibration;

/// <summary>What decides the numbers besides model and data.</summary>
public sealed record CalibrationSettings(double Rate, double Fraction, int MaxImages, int MaxTurns, int MaxTokens, int? MaxPixels,
    bool SkipFirstToken, int MaxWindow, int BatchTokens, string Device, string Dtype,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AdaptiveSettings? Adaptive = null);
