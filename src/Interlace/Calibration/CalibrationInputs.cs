using Interlace.Vlm.Checkpoints;

namespace Interlace.Calibration;

/// <summary>The model and the data that were measured.</summary>
public sealed record CalibrationInputs(ModelIdentity Model, Data.DataIdentity Data);
