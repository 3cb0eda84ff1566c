using Interlace.Pruning;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>Evidence from losses, gradients and weights: rounds of a search, or one number per layer.</summary>
internal static class EvidenceView
{
    public static void Draw(IAnsiConsole console, RemovalOrder order)
    {
        Facts(console, order.Samples, order.AnswerTokens, order.Loss, order.Settings);
        var table = Layout.Table("round", "removed", "loss", "candidates", "given up");
        foreach (var (i, round) in order.Rounds.Index())
            table.AddRow($"{i + 1}", $"{round.Removed}", Layout.Number(round.Loss, "0.00000"), $"{round.Candidates.Length}",
                $"{round.Losses.Count(double.IsNaN)}");
        console.Write(table);
    }

    public static void Draw(IAnsiConsole console, MeasuredLosses losses)
    {
        Facts(console, losses.Samples, losses.AnswerTokens, losses.Loss, losses.Settings);
        var table = Layout.Texts("gone", "candidates", "lowest", "loss");
        foreach (var round in losses.Rounds)
        {
            double lowest = round.Losses.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min();
            int best = Array.IndexOf(round.Losses, lowest);
            table.AddRow(round.Removed.Length == 0 ? "none" : string.Join(' ', round.Removed), $"{round.Candidates.Length}",
                best < 0 ? "" : $"{round.Candidates[best]}", Layout.Number(lowest, "0.00000"));
        }
        console.Write(table);
    }

    public static void Draw(IAnsiConsole console, PlanLosses losses)
    {
        Facts(console, losses.Samples, losses.AnswerTokens, losses.Loss, losses.Settings);
        var table = Layout.Texts("dropped", "loss", "bridged");
        foreach (var plan in losses.Plans)
            table.AddRow(string.Join(' ', plan.Drop), Number(plan.Loss), Number(plan.BridgedLoss));
        console.Write(table);
    }

    private static string Number(double? loss) => loss is { } known ? Layout.Number(known, "0.00000") : "";

    public static void Draw(IAnsiConsole console, BlockScores scores)
    {
        Facts(console, scores.Samples, scores.AnswerTokens, scores.Loss, scores.Settings);
        int[] ranks = new int[scores.Layers];
        foreach (var (rank, layer) in Enumerable.Range(0, scores.Layers).OrderBy(layer => scores.Scores[layer]).Index())
            ranks[layer] = rank + 1;
        var table = Layout.Table("layer", scores.Measure, "rank");
        for (int l = 0; l < scores.Layers; l++) table.AddRow($"{l}", Layout.Number(scores.Scores[l], "0.00000"), $"{ranks[l]}");
        console.Write(table);
    }

    private static void Facts(IAnsiConsole console, int samples, long answerTokens, double? loss, EvidenceSettings? settings)
    {
        if (settings is null) return;
        var facts = Layout.Facts();
        facts.AddRow("samples", $"{Layout.Count(samples)}, {Layout.Count(answerTokens)} answer tokens");
        if (loss is { } whole) facts.AddRow("loss", $"{Layout.Number(whole, "0.00000")} with all layers");
        facts.AddRow("computed", Markup.Escape($"on {settings.Device} in {settings.Dtype}"));
        console.Write(facts);
    }
}
