using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>What decides the numbers besides model and data.</summary>
public sealed record CalibrationSettings(double Rate, double Fraction, int MaxImages, int MaxTurns, int MaxTokens, int? MaxPixels,
    bool SkipFirstToken, int MaxWindow, int BatchTokens, string Device, string Dtype,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AdaptiveSettings? Adaptive = null);
