using System.Text.Json.Nodes;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm.Engine;
using Interlace.Vlm;

namespace Interlace.Evaluation;

/// <summary>
/// The stage <c>evaluate</c>: model folder and benchmark tables -> by <see cref="Asker"/> the answers,
/// then by <see cref="ScoreStage"/> <c>scores.json</c>.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="job">The work; it ends between two steps of decoding, and answers are kept.</param>
/// <param name="folder">Where the artefacts go.</param>
public sealed class Evaluator(LoadedModel loaded, Job job, string folder)
{
    private readonly EvaluationOptions _options = job.Experiment.Evaluate!;

    /// <summary>Runs or resumes the stage: asks, then scores.</summary>
    /// <param name="stage">Name of the stage in the progress.</param>
    /// <exception cref="InputException">A table or the folder of tables is absent or wrong, or no row of a table can be used.</exception>
    public ScoresFile Run(string stage = "evaluate")
    {
        using var tables = OpenTables(job.Experiment, loaded.Processor.ReadsImages, job.Log);
        return Run(tables, stage);
    }

    /// <summary>Runs or resumes the stage over tables that <see cref="OpenTables"/> has opened.</summary>
    /// <inheritdoc cref="Run(string)"/>
    public ScoresFile Run(TableSet tables, string stage = "evaluate")
    {
        using var part = Profile.Of("evaluate");
        var (answers, skipped) = new Asker(loaded, job, folder).Run(_options.Benchmarks!, tables, stage);
        loaded.Model.CheckUnchanged();
        tables.CheckUnchanged();
        var scoring = new ScoreStage(job.Experiment, job.Progress, job.Log, job.Cancellation);
        return scoring.Run(folder, answers, tables, (benchmark, _, _) => skipped[benchmark.Name].ToDictionary());
    }

    /// <summary>A member's part of asking.</summary>
    internal static void Join(LoadedModel loaded, Job job, JsonObject content)
    {
        var options = job.Experiment.Evaluate!;
        using var tables = TableSet.Open(Benchmarks.In(options.Benchmarks!, options.Only), hash: false);
        new DealtAnswers(loaded, job, tables).Join(content);
    }

    /// <summary>
    /// Opens the tables that an experiment asks, and checks them and how it asks and scores them: nothing is asked or written before.
    /// </summary>
    /// <param name="experiment">Settings.</param>
    /// <param name="readsImages">Whether the model that they are asked sees images.</param>
    /// <param name="log">Gets a line about what is wrong with the tables, where that is no reason to refuse them.</param>
    /// <exception cref="InputException">They are absent or wrong, no row of a table can be used, or the settings are wrong.</exception>
    public static TableSet OpenTables(Experiment experiment, bool readsImages, Action<string>? log = null)
    {
        var options = experiment.Complete().Evaluate!;
        new ScoreStage(experiment).Check();
        string benchmarks = options.Benchmarks
            ?? throw new InputException("No benchmarks are named: give a folder of tables with --benchmarks, "
                + "or files of texts with --texts, of choices with --choices.");
        var found = Benchmarks.In(benchmarks, options.Only);
        AskingSettings.Check(options, found.Select(f => f.Benchmark));
        var tables = TableSet.Open(found);
        try
        {
            foreach (var (benchmark, table) in tables.Tables)
            {
                var rows = AskingSettings.Of(options, benchmark).RowsOf(table);
                UsableRows.Check(benchmark, table, rows, readsImages);
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
