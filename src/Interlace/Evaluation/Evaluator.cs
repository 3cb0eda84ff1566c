using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Engine;

namespace Interlace.Evaluation;

/// <summary>
/// The stage <c>evaluate</c>: model folder and benchmark tables -> by <see cref="Asker"/> the answers,
/// then by <see cref="ScoreStage"/> <c>scores.json</c>.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="compute">Where and in which type it computes.</param>
/// <param name="experiment">Settings.</param>
/// <param name="folder">Where the artefacts go.</param>
public sealed class Evaluator(LoadedModel loaded, Compute compute, Experiment experiment, string folder)
{
    private readonly EvaluationOptions _options = experiment.Complete().Evaluate!;

    /// <summary>Runs or resumes the stage: asks, then scores.</summary>
    /// <param name="stage">Name of the stage in the progress.</param>
    /// <param name="progress">Told as answers come.</param>
    /// <param name="log">Told before the first question what is wrong with the tables, and which judge is asked.</param>
    /// <param name="cancellation">Ends between two steps of decoding; answers are kept.</param>
    /// <exception cref="InputException">A table or the folder of tables is absent or wrong, or no row of a table can be used.</exception>
    public ScoresFile Run(string stage = "evaluate", IProgress<StageProgress>? progress = null, Action<string>? log = null,
        CancellationToken cancellation = default)
    {
        using var tables = OpenTables(experiment, log);
        return Run(tables, stage, progress, log, cancellation);
    }

    /// <summary>Runs or resumes the stage over tables that <see cref="OpenTables"/> has opened.</summary>
    /// <inheritdoc cref="Run(string, IProgress{StageProgress}, Action{string}, CancellationToken)"/>
    public ScoresFile Run(TableSet tables, string stage = "evaluate", IProgress<StageProgress>? progress = null, Action<string>? log = null,
        CancellationToken cancellation = default)
    {
        var (answers, skipped) = new Asker(loaded, compute, experiment, folder).Run(_options.Benchmarks!, tables, stage, progress, cancellation);
        loaded.Model.CheckUnchanged();
        tables.CheckUnchanged();
        var scoring = new ScoreStage(experiment, progress, log, cancellation);
        return scoring.Run(folder, answers, tables, (benchmark, _, _) => skipped[benchmark.Name].ToDictionary());
    }

    /// <summary>
    /// Opens the tables that an experiment asks, and checks them and how it asks and scores them: nothing is asked or written before.
    /// </summary>
    /// <param name="experiment">Settings.</param>
    /// <param name="log">Told what is wrong with the tables, where that is no reason to refuse them.</param>
    /// <exception cref="InputException">They are absent or wrong, no row of a table can be used, or the settings are wrong.</exception>
    public static TableSet OpenTables(Experiment experiment, Action<string>? log = null)
    {
        var options = experiment.Complete().Evaluate!;
        new ScoreStage(experiment).Check();
        string benchmarks = options.Benchmarks ?? throw new InputException("No benchmarks are named: give a folder of tables with --benchmarks.");
        var found = Benchmarks.In(benchmarks, options.Only);
        AskingSettings.Check(options, found.Select(f => f.Benchmark));
        var tables = TableSet.Open(found);
        try
        {
            foreach (var (benchmark, table) in tables.Tables)
            {
                var rows = AskingSettings.Of(options, benchmark).RowsOf(table);
                UsableRows.Check(benchmark, table, rows);
                foreach (string warning in RightAnswers.Warnings(benchmark, rows)) log?.Invoke(warning);
            }
            return tables;
        }
        catch
        {
            tables.Dispose();
            throw;
        }
    }
}
