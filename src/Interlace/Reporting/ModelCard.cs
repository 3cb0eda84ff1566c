using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Pruning.Sparsity;

namespace Interlace.Reporting;

/// <summary>
/// The card of a pruned or tuned model as Hugging Face's hub shows it: YAML for its index, then a page for people. It says what was
/// measured in the run that made the model, and nothing else.
/// </summary>
/// <param name="Base">What the model was made from: <c>ORG/NAME</c> on the hub, or the name of a folder.</param>
/// <param name="ReadsImages">The model has a vision tower.</param>
/// <param name="Licence">Lines <c>license</c>, <c>license_name</c> and <c>license_link</c> of its parent's card, by name.</param>
/// <param name="DataSets">Names on the hub of the data that it was measured and tuned on.</param>
public sealed record ModelCard(string Base, bool ReadsImages, IReadOnlyDictionary<string, string> Licence, IReadOnlyList<string> DataSets)
{
    private static readonly JsonSerializerOptions Quoted = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>How its weights were made sparse; null where layers were dropped.</summary>
    public SparsityFile? Sparsity { get; init; }

    /// <summary>Dropped layers were bridged in closed form.</summary>
    public bool IsBridged { get; init; }

    /// <summary>What was trained: a value of <see cref="FineTuneOptions.Train"/>.</summary>
    public string Trained { get; init; } = FineTuneOptions.Tune;

    /// <summary>The card's text.</summary>
    /// <param name="runs">What was measured: one for each way in which the models were asked, at least one.</param>
    /// <param name="model">Which of the run's models it is: <c>dropped</c>, or <c>recovered</c> for the tuned one.</param>
    public string ToMarkdown(IReadOnlyList<ReportData> runs, string model)
    {
        bool tuned = model != "dropped";
        string task = ReadsImages ? "image-text-to-text" : "text-generation";
        string name = Base.Split('/')[^1] + (tuned ? "-recovered" : Sparsity is null ? "-pruned" : "-sparse");
        var measured = runs.Select(run => (Run: run, Tables: CardTable.Of(run, model).ToArray())).Where(run => run.Tables.Length > 0)
            .ToArray();
        var text = new StringBuilder();
        void Line(string line = "") => text.Append(line).Append('\n');

        Line("---");
        Line($"base_model: {Quote(Base)}");
        if (tuned) Line("base_model_relation: finetune");
        foreach (var (key, value) in Licence) Line($"{key}: {Quote(value)}");
        Line("library_name: transformers");
        Line($"pipeline_tag: {task}");
        Line("tags:");
        foreach (string tag in new[] { "interlace", Sparsity is null ? "layer-pruning" : "weight-sparsity" }) Line($"- {tag}");
        if (DataSets.Count > 0) Line("datasets:");
        foreach (string set in DataSets) Line($"- {Quote(set)}");
        if (measured.Length > 0)
        {
            Line("model-index:");
            Line($"- name: {Quote(name)}");
            Line("  results:");
        }
        foreach (var table in measured.SelectMany(run => run.Tables))
        {
            foreach (var row in table.Rows)
            {
                Line($"  - task: {{type: {task}}}");
                Line($"    dataset: {{name: {Quote(row.Name)}, type: {Quote(row.Name.ToLowerInvariant())}}}");
                Line($"    metrics: [{{type: {table.Metric}, value: {Number(row.Value)}, name: {Quote(table.How)}}}]");
            }
        }
        Line("---");
        Line();
        Line($"# {Plain(name)}");
        Line();
        foreach (string sentence in What(runs[0].Plan, tuned)) Line(sentence);
        foreach (var (run, tables) in measured)
        {
            foreach (var table in tables)
            {
                Line();
                foreach (string row in Rows(table)) Line(row);
                Line();
                Line($"{Plain(table.Sentence)}.");
            }
            foreach (string remark in run.Remarks) Line($"- {Plain(remark)}");
        }
        Line();
        Line($"An ordinary checkpoint of its family: it loads wherever its parent does. Made by {Plain(runs[0].Version)}, "
            + $"seed {runs[0].Seed}; {(Sparsity is null ? $"`{PlanFile.Name}` and `{PrunedModelFile.Name}`" : $"`{SparsityFile.Name}`")} "
            + "beside the weights say from which model and by which measure.");
        Line();
        Line(CardFile.Mark);
        return text.ToString();
    }

    private IEnumerable<string> What(PlanData? plan, bool tuned)
    {
        if (Sparsity is { } sparse)
        {
            string share = (100 * sparse.Sparsity).ToString("0.#", CultureInfo.InvariantCulture);
            yield return $"{Plain(Base)}, in whose decoder {share} % of the weights of linear layers are zero by the method "
                + $"`{sparse.Method}` (pattern {Plain(sparse.Pattern)}). {sparse.Note}";
            yield break;
        }
        if (plan is null)
        {
            yield return $"{Plain(Base)} with fewer decoder layers.";
            yield break;
        }
        yield return plan.Drop.Length == 0 ? $"{Plain(Base)} with all of its {plan.LayerCount} decoder layers."
            : $"{Plain(Base)} without {plan.Drop.Length} of its {plan.LayerCount} decoder layers, which the method `{plan.Method}` "
            + $"of Interlace chose (layers {Layers(plan.Drop)}, counted from 0).";
        if (IsBridged) yield return "Linear maps, in the layers before them, stand for those that are gone.";
        yield return !tuned ? "Nothing was tuned." : Trained switch
        {
            FineTuneOptions.AllKept => "All layers that stay were tuned.",
            FineTuneOptions.Projector => "Of the rest the projector alone was tuned.",
            FineTuneOptions.TuneAndProjector => $"Of those that stay, {Layers(plan.Tune)} were tuned to do their work, and the projector.",
            _ => $"Of those that stay, {Layers(plan.Tune)} were tuned to do their work.",
        };
    }

    private static IEnumerable<string> Rows(CardTable table)
    {
        string Cell(double? value) => value is { } number ? number.ToString(table.Format, CultureInfo.InvariantCulture) : "";
        yield return table.HasBaseline ? $"| {table.Heading} | unpruned | this model |" : $"| {table.Heading} | this model |";
        yield return table.HasBaseline ? "|---|---|---|" : "|---|---|";
        foreach (var row in table.Average is { } average ? table.Rows.Append(average) : table.Rows)
        {
            yield return table.HasBaseline ? $"| {Plain(row.Name)} | {Cell(row.Before)} | {Cell(row.Value)} |"
                : $"| {Plain(row.Name)} | {Cell(row.Value)} |";
        }
    }

    private static string Layers(int[] layers) => string.Join(", ", layers);

    private static string Number(double value) => Math.Round(value, 4).ToString(CultureInfo.InvariantCulture);

    /// <summary>A text in quotes, as JSON and YAML both have it.</summary>
    private static string Quote(string text) => JsonSerializer.Serialize(text, Quoted);

    /// <summary>Names come from files: no character of theirs is markup.</summary>
    private static string Plain(string text) => string.Concat(text.Select(c => c switch
    {
        '\n' or '\r' => " ",
        '<' or '>' or '|' or '[' or ']' or '`' or '*' or '_' or '\\' or '#' or '!' => $"\\{c}",
        _ => $"{c}",
    }));
}
