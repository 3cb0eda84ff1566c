using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>The model and the data that were measured.</summary>
public sealed record CalibrationInputs(ModelIdentity Model, Data.DataIdentity Data);
