using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;

namespace Interlace.Runs;

/// <summary>
/// Pruning in rounds: each measures the model that the round before it has pruned and tuned, drops its part of the layers and tunes again.
/// A round is an ordinary run in <c>rounds/N</c>, of the
/// last one's outcome and without evaluations. What they come to together is left in the run folder under the usual names:
/// <c>plan.json</c> in the original numbering and <c>tuned</c>, as if made in one step.
/// </summary>
/// <param name="job">The work.</param>
/// <param name="folder">The run folder.</param>
internal sealed class Rounds(Job job, string folder)
{
    // stability last: it ends an adaptive calibration
    private static readonly string[] Measured = [LayerSimilarity.SamplesName, LayerSimilarity.Name, PlanStability.Name];

    private readonly Experiment _experiment = job.Experiment;

    /// <summary>The plan options of each round for a model of so many layers, and the layers it starts from:
    /// the drops are shared out evenly, the first rounds take what is left over.</summary>
    /// <exception cref="PlanException">A wrong ratio, a method that drops nothing, or fewer drops than rounds.</exception>
    /// <param name="options">How layers are chosen, and in how many rounds.</param>
    /// <param name="layerCount">Layers of the whole model.</param>
    /// <param name="bridge">Dropped layers are to be bridged, which cannot be done in rounds.</param>
    public static IReadOnlyList<(PlanOptions Options, int Layers)> Of(PlanOptions options, int layerCount, bool bridge = false)
    {
        if (options.Rounds == 1) return [(options, layerCount)];
        int drops = DropCount.For(options.Ratio, layerCount);
        if (bridge)
        {
            throw new PlanException($"plan.rounds is {options.Rounds} and prune.bridge is true: "
                + "every round ends with tuning, and what one bridges the next may drop; use one of the two.");
        }
        if (options.Method == "dense") throw new PlanException("The method 'dense' drops nothing: it cannot be done in rounds.");
        if (drops < options.Rounds)
        {
            throw new PlanException($"plan.rounds is {options.Rounds}, "
                + $"but a ratio of {options.Ratio} drops only {drops} of {layerCount} layers: ask for at most that many rounds.");
        }
        var rounds = new List<(PlanOptions, int)>();
        for (int r = 0, left = layerCount; r < options.Rounds; r++)
        {
            int own = drops / options.Rounds + (r < drops % options.Rounds ? 1 : 0);
            rounds.Add((options with { Ratio = (double)own / left, Rounds = 1 }, left));
            left -= own;
        }
        return rounds;
    }

    /// <summary>Runs what is left to do.</summary>
    /// <param name="model">The unpruned model.</param>
    /// <exception cref="InputException">Model, data or settings are wrong.</exception>
    public void Run(string model)
    {
        string current = model;
        var plans = new List<PruningPlan>();
        foreach (var (i, (options, _)) in Of(_experiment.Plan!, Preflight.LayerCount(model), _experiment.Prune!.Bridge).Index())
        {
            string at = At(i + 1);
            // The unpruned model is the one to learn from, in every round.
            var own = _experiment with { Model = current, Plan = options, Evaluate = new(),
                Finetune = _experiment.Finetune! with { Parent = _experiment.Finetune.Parent ?? model } };
            // of a finished round, that it belongs to this run
            new Pipeline(job with { Experiment = own, Log = line => job.Say($"round {i + 1}: {line}") }, at) { WritesCards = false }.Run();
            plans.Add(PlanFile.Load(Path.Combine(at, PlanFile.Name)));
            current = Path.Combine(at, Directory.Exists(Path.Combine(at, RunFolder.Tuned)) ? RunFolder.Tuned : RunFolder.Pruned);
        }
        Leave(PlanComposition.Compose(plans, _experiment.Plan!.Ratio), current);
    }

    private string At(int round) => Path.Combine(folder, RunFolder.Rounds, $"{round}");

    /// <summary>What the rounds come to, under the names that the stages of a run look for; each only where it is not there yet.</summary>
    /// <exception cref="InputException">What is there is not what the rounds come to.</exception>
    private void Leave(PruningPlan plan, string last)
    {
        foreach (string name in Measured.Where(name => File.Exists(Path.Combine(At(1), name))))
        {
            byte[] measured = File.ReadAllBytes(Path.Combine(At(1), name));
            Leave(name, path => AtomicFile.Write(path, measured), path => File.ReadAllBytes(path).AsSpan().SequenceEqual(measured));
        }
        Leave(RunFolder.Timings, _ => StageCosts.Save(folder, Costs()), _ => true);
        Leave(PlanFile.Name, path => PlanFile.Save(plan, path), path => PlanFile.Load(path).IsSameAs(plan));
        if (!plan.Tune.IsEmpty)
            Leave(RunFolder.Tuned, path => Copy(plan, last, path), path => PlanFile.Load(Path.Combine(path, PlanFile.Name)).IsSameAs(plan)
                && IdentityOf(path).DifferenceFrom(IdentityOf(last)) is null);
    }

    private void Leave(string name, Action<string> write, Func<string, bool> isThis)
    {
        string path = Path.Combine(folder, name);
        if (!Path.Exists(path)) write(path);
        else if (!isThis(path))
        {
            throw new InputException($"{path} is not what the rounds in {Path.Combine(folder, RunFolder.Rounds)} come to: "
                + "delete it to have it made again, or start over with --force.");
        }
    }

    private static ModelIdentity IdentityOf(string model)
    {
        using var checkpoint = Checkpoint.Open(model);
        return ModelIdentity.Of(checkpoint);
    }

    private IEnumerable<StageCost> Costs() =>
        Enumerable.Range(1, _experiment.Plan!.Rounds)
            .SelectMany(round => StageCosts.Read(At(round)), (round, stage) => stage with { Name = $"round {round} {stage.Name}" });

    /// <summary>The last round's model with the plan and the record of a model that was pruned at once.</summary>
    private void Copy(PruningPlan plan, string last, string target)
    {
        var first = PrunedModelFile.Load(Path.Combine(At(1), RunFolder.Pruned));
        var record = first with { Stage = "rounds", ParentLayers = plan.LayerCount, KeptLayers = [.. plan.Kept] };
        using var source = Checkpoint.Open(last);
        string[] files = [.. Directory.EnumerateFiles(last, "*", SearchOption.AllDirectories)];
        using var staged = StagedFolder.Begin(target, files.Sum(file => new FileInfo(file).Length));
        foreach (string file in files)
        {
            job.Cancellation.ThrowIfCancellationRequested();
            LayerRemoval.CopyFile(file, Path.Combine(staged.FullPath, Path.GetRelativePath(last, file)));
        }
        PlanFile.Save(plan, Path.Combine(staged.FullPath, PlanFile.Name));
        File.WriteAllText(Path.Combine(staged.FullPath, PrunedModelFile.Name), record.ToJson());
        source.CheckUnchanged();
        staged.Commit();
    }
}
