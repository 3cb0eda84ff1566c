using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Pruning.Losses;
using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>The model that was measured, and the data where there was any.</summary>
public sealed record EvidenceInputs(Vlm.Checkpoints.ModelIdentity Model, Data.DataIdentity? Data);
