using Interlace.Data;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning.Sparsity;

/// <summary>What was read.</summary>
public sealed record SparsityInputs(ModelIdentity Model, DataIdentity? Data);
