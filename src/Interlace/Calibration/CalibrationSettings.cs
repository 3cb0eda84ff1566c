using System.Text.Json.Serialization;
using Interlace.Experiments;

namespace Interlace.Calibration;

/// <summary>What decides the numbers besides model and data.</summary>
public sealed record CalibrationSettings(double Rate, double Fraction, int MaxImages, int MaxTurns, int MaxTokens, int? MaxPixels,
    bool SkipFirstToken, int MaxWindow, int BatchTokens, string Device, string Dtype,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AdaptiveSettings? Adaptive = null,
    [property: LaterOption] bool Pairs = false, [property: LaterOption] string States = "layer",
    [property: LaterOption] string Messages = "all", [property: LaterOption] string Cosines = "fp32",
    [property: LaterOption] DataPreparation? Preparation = null);
