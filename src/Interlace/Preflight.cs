using Interlace.Data;
using Interlace.Evaluation;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace;

/// <summary>
/// Looks at everything that an experiment names before its first stage begins, so that a wrong path or an impossible ratio is said at once and not after hours of calibration.
/// </summary>
public static class Preflight
{
    /// <summary>Checks an experiment.</summary>
    /// <param name="experiment">All settings.</param>
    /// <param name="run">A run folder that is gone on with: what only finished stages needed is not asked for again. Null for a new run.</param>
    /// <exception cref="InputException">Model, data, plan or tables cannot be used.</exception>
    public static void Check(Experiment experiment, string? run = null)
    {
        experiment = experiment.Complete();
        bool Done(params string[] parts) => run is not null && Path.Exists(Path.Combine([run, .. parts]));
        string model = experiment.Model ?? throw new InputException("The experiment names no model: give its folder.");
        if (!Done(RunFolder.Plan))
        {
            using var checkpoint = Checkpoint.Open(model);
            CheckPlan(ModelSummary.Of(checkpoint), experiment.Plan!, experiment.Seed);
        }
        if (!Done(RunFolder.Similarity) || !Done(RunFolder.Tuned)) DrawnData.Open(experiment.Data!, experiment.Seed);
        if (experiment.Evaluate!.Benchmarks is { } tables && !Done(RunFolder.Report)) 
            foreach (var found in Benchmarks.In(tables, experiment.Evaluate.Only)) BenchmarkTable.Open(found.Path).Dispose();
    }

    /// <summary>Whether there is a plan depends on the number of layers and not on their similarities, so even ones tell.</summary>
    private static void CheckPlan(ModelSummary model, PlanOptions options, int seed)
    {
        int layers = model.LayerCount;
        var even = new Evidence(layers)
        {
            LayerSimilarity = new double[layers],
            TripletSimilarity = new double[Evidence.TripletCount(layers)],
            ProtectedLayers = options.Protect ? model.DeepStackLevels : 0,
            Seed = seed,
        };
        Methods.Plan(options.Method, even, options.Ratio);
    }
}
