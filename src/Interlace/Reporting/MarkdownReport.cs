using System.Globalization;
using System.Text;

namespace Interlace.Reporting;

/// <summary>The tables of a report in Markdown, for a README or a comment on a change.</summary>
internal static class MarkdownReport
{
    public static string Write(ReportData data)
    {
        StringBuilder text = new();
        text.Append($"# {Cell(data.Title)}\n\n{Cell(Summary.Sentence(data))}\n");
        if (data.Models.Count > 0) Scores(text, data);
        if (data.Plan is { } plan) Plan(text, plan);
        if (data.Similarity is { } similarity) Similarity(text, similarity, data.Plan);
        if (data.Training is { Rows.Count: > 0 } training) Training(text, training);
        if (data.Examples.Count > 0) Examples(text, data.Examples);
        if (data.Stages.Count > 0 || data.PeakMemoryBytes is not null) Cost(text, data);
        return text.ToString();
    }

    private static void Scores(StringBuilder text, ReportData data)
    {
        text.Append("\n## Scores\n\n");
        Row(text, ["benchmark", .. data.Models.Select(model => model.Name)]);
        Rule(text, data.Models.Count);
        foreach (string benchmark in Summary.Benchmarks(data.Models))
            Row(text, [benchmark, .. data.Models.Select(model => Summary.Find(model, benchmark) is { } score ? WithInterval(score.Score, score.Interval) : "")]);
        Row(text, ["average", .. data.Models.Select(model => WithInterval(model.Average, model.AverageInterval))]);
        if (data.Models.Any(model => model.Relative is not null))
            Row(text, ["relative performance", .. data.Models.Select(model => model.Relative is { } relative ? WithInterval(relative, model.RelativeInterval) : "")]);
        if (data.Protocol is { } protocol) text.Append($"\n{Cell(protocol)}\n");
        if (data.Models.SelectMany(model => model.Benchmarks).Any(score => score.ExtractionFailures is not null || score.Truncated is not null)) Flaws(text, data.Models);
    }

    private static void Flaws(StringBuilder text, IReadOnlyList<ModelScores> models)
    {
        text.Append("\nAnswers from which no choice could be read / that ran into the token limit:\n\n");
        Row(text, ["benchmark", .. models.Select(model => model.Name)]);
        Rule(text, models.Count);
        foreach (string benchmark in Summary.Benchmarks(models))
            Row(text, [benchmark, .. models.Select(model => Summary.Find(model, benchmark) is { } score ? $"{Share(score.ExtractionFailures)} / {Share(score.Truncated)}" : "")]);
    }

    private static string Share(double? share) => share is { } known ? Numbers.Share(known) : "–";

    private static void Plan(StringBuilder text, PlanData plan)
    {
        text.Append($"\n## Plan\n\n```\n{PlanRow.Text(plan)}```\n\n");
        Row(text, ["set", "layers"]);
        text.Append("|---|---|\n");
        foreach ((string name, int[] layers) in Summary.Sets(plan)) Row(text, [name, string.Join(", ", layers)]);
    }

    private static void Similarity(StringBuilder text, SimilarityData similarity, PlanData? plan)
    {
        text.Append($"\n## Similarity\n\n{Cell(Summary.Measured(similarity))}\n\n");
        Row(text, ["layer", "similarity", "triplet from here", "role"]);
        text.Append("|---:|---:|---:|---|\n");
        LayerRole[] roles = plan is null ? [] : PlanRow.Roles(plan);
        for (int l = 0; l < similarity.Layer.Length; l++)
            Row(text, [l.ToString(CultureInfo.InvariantCulture), Summary.WithError(similarity.Layer, similarity.LayerErrors, l), Summary.WithError(similarity.Triplet, similarity.TripletErrors, l), l < roles.Length ? PlanRow.Name(roles[l]) : ""]);
    }

    private static void Training(StringBuilder text, TrainingData training)
    {
        text.Append("\n## Recovery\n\n");
        Row(text, Summary.TrainingHeads);
        Rule(text, Summary.TrainingHeads.Length - 1);
        foreach (TrainingRow row in Summary.Sampled(training.Rows)) Row(text, Summary.TrainingCells(row));
        foreach (ValidationLoss validation in training.Validation ?? []) text.Append($"\nValidation loss after step {validation.Step}: {Numbers.Loss(validation.Loss)}.\n");
    }

    private static void Examples(StringBuilder text, IReadOnlyList<ExampleQuestion> examples)
    {
        text.Append("\n## Examples\n\n");
        Row(text, ["question", "correct", "answers"]);
        text.Append("|---|---|---|\n");
        foreach (ExampleQuestion example in examples)
            Row(text, [example.Question, example.CorrectAnswer, string.Join("; ", example.Answers.Select(answer => $"{answer.Model} ({Summary.Verdict(answer.Right)}): {answer.Text}"))]);
    }

    private static void Cost(StringBuilder text, ReportData data)
    {
        text.Append("\n## Cost\n\n");
        Row(text, ["stage", "time"]);
        text.Append("|---|---:|\n");
        foreach (StageCost stage in data.Stages) Row(text, [stage.Name, Numbers.Seconds(stage.Seconds)]);
        if (data.Stages.Count > 1) Row(text, ["together", Numbers.Seconds(data.Stages.Sum(stage => stage.Seconds))]);
        if (data.PeakMemoryBytes is { } bytes) Row(text, ["peak memory", Numbers.Memory(bytes)]);
    }

    private static string WithInterval(double score, Interval? interval) => Numbers.Score(score) + (interval is { } known ? $" ({Numbers.Interval(known)})" : "");

    private static void Rule(StringBuilder text, int numbers) => text.Append("|---|").Append(string.Concat(Enumerable.Repeat("---:|", numbers))).Append('\n');

    private static void Row(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells.Select(Cell)).Append(" |\n");

    /// <summary>Text in one line in which nothing is markup: model answers and questions come from anywhere.</summary>
    private static string Cell(string text)
    {
        StringBuilder cell = new();
        foreach (char c in text)
            cell.Append(c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '|' or '\\' or '`' or '*' or '_' or '[' or ']' or '#' or '~' => $"\\{c}",
                _ when char.IsControl(c) => " ",
                _ => c.ToString(),
            });
        return cell.ToString();
    }
}
