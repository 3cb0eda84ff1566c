using System.Diagnostics;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>What a tuning ended with.</summary>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Samples">Samples seen.</param>
/// <param name="Skipped">Samples left out, by reason.</param>
public sealed record TrainingResult(int Steps, long Samples, SkipCounts Skipped);
