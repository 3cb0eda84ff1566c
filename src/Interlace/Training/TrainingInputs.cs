using System.Text.Json.Serialization;
using Interlace.Data;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Training;

/// <summary>What was tuned with.</summary>
/// <param name="Model">The pruned model.</param>
/// <param name="Data">The data.</param>
/// <param name="Parent">The unpruned model that was learnt from, under distillation.</param>
public sealed record TrainingInputs(ModelIdentity Model, DataIdentity Data,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ModelIdentity? Parent = null);
