using Interlace.Evaluation;
using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Evaluation;

/// <summary>The small real model in the repository and its benchmarks.</summary>
internal static class Demo
{
    public static string Root => Path.Combine(Shared.Repository, "assets", "demo");

    public static string Model => Path.Combine(Root, "model");

    public static string Tables => Path.Combine(Root, "benchmarks");

    public static Compute Fp32 { get; } = new(CPU, ScalarType.Float32, 1);

    public static LoadedModel Open() => LoadedModel.Open(Model, CPU, ScalarType.Float32);

    public static ScoresFile Evaluate(string folder, EvaluationOptions options, int seed = 0, IProgress<StageProgress>? progress = null)
    {
        using var loaded = Open();
        return new Evaluator(loaded, new Job(new(Seed: seed, Evaluate: options), Fp32, Progress: progress), folder).Run();
    }
}
