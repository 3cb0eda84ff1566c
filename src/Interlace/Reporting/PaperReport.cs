using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Interlace.Reporting.Paper;
using Interlace.Vlm;

namespace Interlace.Reporting;

/// <summary>
/// The report of any number of runs in the paper's form: <c>report.html</c>, a page that holds everything it shows; <c>report.md</c>;
/// the drawings in <c>figures</c>; the numbers in <c>tables</c>.
/// The same folders give the same bytes.
/// </summary>
public static class PaperReport
{
    /// <summary>The Markdown beside the page.</summary>
    public const string Markdown = "report.md";

    /// <summary>Folder of the drawings.</summary>
    public const string Figures = "figures";

    /// <summary>Folder of the numbers.</summary>
    public const string Tables = "tables";

    /// <summary>Reports a folder into itself.</summary>
    /// <param name="folder">The folder of a run or of a matrix.</param>
    /// <exception cref="InputException">It holds no run, or an artefact in it is damaged.</exception>
    public static WrittenReport Write(string folder) => Write([folder], folder);

    /// <summary>Reports folders.</summary>
    /// <param name="runs">Folders of runs, of matrices and of evaluations.</param>
    /// <param name="target">The folder to write to.</param>
    /// <exception cref="InputException">There is no folder, one holds no run, or an artefact is damaged: nothing is written.</exception>
    public static WrittenReport Write(IReadOnlyList<string> runs, string target)
    {
        if (runs.Count == 0) throw new InputException("A report needs the folder of at least one run.");
        IReadOnlyList<FoundModel> models = RunScan.Of(runs);
        Results[] all = [.. models.SelectMany(Reporting.Paper.Results.Of)];
        JsonObject? settings = RunScan.SettingsOf(runs[0]);
        ReportData? single = runs.Count == 1 && RunScan.IsOrdinaryRun(runs[0]) ? Single(runs[0], settings) : null;
        Table scores = PaperDocument.Scores(all);
        Document document = PaperDocument.Of(models, all, single, settings);
        SortedDictionary<string, string> files = new(StringComparer.Ordinal)
        {
            [RunFolder.Report] = new HtmlWriter(document).Write(),
            [Markdown] = new MarkdownWriter(document, Figures).Write(),
        };
        foreach (Figure figure in document.Blocks.OfType<Figure>()) files[$"{Figures}/{figure.Key}.svg"] = figure.Draw(false, true) + "\n";
        foreach (Table table in document.Blocks.OfType<Table>().Append(scores)
            .Where(table => table.Key is not null && table.Rows.Count > 0))
            files[$"{Tables}/{table.Key}.csv"] = CsvWriter.Write(table);
        foreach (var (name, content) in files) AtomicFile.Write(Path.Combine(target, name), Encoding.UTF8.GetBytes(content));
        return new([.. files.Keys], [.. all.SelectMany(results => results.Outcomes.Select(outcome => Result(results, outcome)))],
            [.. LikelihoodResults.Of(models).Select(results => (results.Model, results.Models))]);
    }

    private static ReportedResult Result(Results results, Treated outcome)
    {
        Measure average = results.Mean(outcome, results.Benchmarks), relative = results.Dense is { } dense
            ? results.Relative(outcome, dense, RunComparison.Overall)
            : default;
        return new(results.Model.Name, results.Setting, RunScan.LabelOf(outcome.Treatment, outcome.Ratio, results.Model.Layers),
            average.Value, average.Interval, relative.Value, relative.Interval, [.. outcome.Runs.Select(run => run.Source)]);
    }

    /// <summary>The one run's own data; its cost stands in the table of all costs.</summary>
    private static ReportData Single(string folder, JsonObject? settings)
    {
        Experiment experiment = settings is not null && TryParse(settings, folder, out Experiment? recorded) ? recorded : new();
        return RunReport.Read(folder, TablesAreThere(experiment) ? experiment : experiment with { Evaluate = null }, [],
            null) with { Settings = null };
    }

    /// <summary>Examples need the tables, which may lie elsewhere by now.</summary>
    private static bool TablesAreThere(Experiment experiment) => experiment.Evaluate?.Benchmarks is { } tables && Directory.Exists(tables);

    private static bool TryParse(JsonObject settings, string folder, [NotNullWhen(true)] out Experiment? experiment)
    {
        try
        {
            experiment = ExperimentFile.Parse(settings.ToJsonString(), folder);
            return true;
        }
        catch (InputException)
        {
            experiment = null;   // of an older program: what the artefacts say is enough
            return false;
        }
    }
}
