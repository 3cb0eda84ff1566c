using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning.Sparsity;

/// <summary>What was read.</summary>
public sealed record SparsityInputs(ModelIdentity Model, DataIdentity? Data);
