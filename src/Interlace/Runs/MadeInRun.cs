using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Judges;
using Interlace.Evaluation.Latency;
using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Scoring;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Reporting;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Runs;

/// <summary>
/// What Interlace made in a run folder, which starting over deletes: artefacts by their names, model folders by their records.
/// Whatever else lies there is the user's,
/// and so is a folder in it that is a run of its own.
/// </summary>
public static class MadeInRun
{
    private static readonly string[] Files =
    [
        LayerSimilarity.Name, LayerSimilarity.SamplesName, CalibrationStage.StateName, PlanStability.Name, PlanFile.Name, LatencyFile.Name,
        AnswersFile.Name, ScoresFile.Name, Outcomes.Name, RepliesFile.Name, LikelihoodsFile.Name, LikelihoodsFile.StateName,
        RunFolder.Timings, RunFolder.Summary, RunFolder.Report,
        PaperReport.Markdown,
    ];

    /// <summary>Folders of one kind of file.</summary>
    private static readonly (string Name, string Extension)[] Sets =
    [
        (EvidenceFiles.FolderName, ".json"), (PaperReport.Figures, ".svg"), (PaperReport.Tables, ".csv"),
        (EvaluationFolder.PredictionsName, ".jsonl"), (EvaluationFolder.TimesName, ".jsonl"), (EvaluationFolder.AloneName, ".jsonl"),
        (LikelihoodsFolder.TextsName, ".jsonl"), (LikelihoodsFolder.ChoicesName, ".jsonl"),
    ];

    /// <summary>Folders of further folders like this one.</summary>
    private static readonly string[] Nests = [RunFolder.Evaluated, RunFolder.Variants, RunFolder.Rounds];

    /// <summary>Each of them tells a folder of an evaluation.</summary>
    private static readonly string[] Evaluations = [AnswersFile.Name, LikelihoodsFile.Name, LikelihoodsFile.StateName];

    private static readonly string[] Models = [RunFolder.Pruned, RunFolder.Tuned];

    /// <summary>The files and model folders that were made in a run folder; its record is not among them.</summary>
    /// <param name="folder">The run folder.</param>
    /// <exception cref="InputException">A folder has the name of a model that Interlace makes, and is none.</exception>
    public static IReadOnlyList<string> In(string folder) => [.. RunsIn(folder).SelectMany(MadeBy)];

    /// <summary>Deletes what <see cref="In"/> names, and the folders in which nothing is left then.</summary>
    /// <param name="folder">The run folder, which stays, and so does its record.</param>
    /// <exception cref="InputException">A folder has the name of a model that Interlace makes, and is none,
    /// or another process works in it.</exception>
    public static void Delete(string folder)
    {
        string[] runs = [.. RunsIn(folder)];
        In(folder);   // what is in the way is said before anything is deleted
        foreach (string model in runs.SelectMany(_ => Models, Path.Combine))
        {
            StagedFolder.Discard(model);
            FineTuneStage.Discard(model);
        }
        foreach (string path in In(folder))
        {
            if (File.Exists(path)) File.Delete(path);
            else Directory.Delete(path, recursive: true);
        }
        foreach (string run in runs.Reverse())
        {
            foreach (string inner in Sets.Select(set => set.Name).Concat(Nests)) EmptyFolder.Delete(Path.Combine(run, inner));
            if (run != folder) EmptyFolder.Delete(run);
        }
    }

    private static IEnumerable<string> MadeBy(string run)
    {
        foreach (string file in Files.SelectMany(name => new[] { name, name + ".partial" }).Select(name => Path.Combine(run, name))
            .Where(File.Exists)) yield return file;
        foreach (var (name, extension) in Sets.Where(set => Directory.Exists(Path.Combine(run, set.Name))))
            foreach (string file in Directory.EnumerateFiles(Path.Combine(run, name), "*" + extension)) yield return file;
        foreach (string model in Models.Select(name => Path.Combine(run, name)).Where(Directory.Exists))
            yield return ModelRecords.AreIn(model) ? model
                : throw new InputException($"{model} holds what Interlace did not make, and is not deleted: "
                    + "move it away, or name another folder.");
    }

    /// <summary>A run folder and the runs and evaluations in it, outer ones first.</summary>
    private static IEnumerable<string> RunsIn(string folder)
    {
        yield return folder;
        if (!Directory.Exists(folder)) yield break;
        // A matrix has the evaluations of its unpruned model beside its other folders, under names of their own.
        var inner = Nests.Select(nest => Path.Combine(folder, nest)).Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories)
            .Concat(Directory.EnumerateDirectories(folder).Where(other =>
                Evaluations.Any(name => File.Exists(Path.Combine(other, name)))));
        foreach (string run in inner.Where(other => !File.Exists(Path.Combine(other, RunFolder.Record))).SelectMany(RunsIn))
            yield return run;
    }
}
