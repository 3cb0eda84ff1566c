using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>A plan as a row of layers, and its layers in both numberings.</summary>
internal sealed class PlanView(PruningPlan plan)
{
    internal const string Dropped = "×", Tuned = "●", Frozen = "·";

    private const int CellWidth = 3;

    public JsonNode ToJson() => StrictJson.Parse(PlanFile.ToJson(plan))!;

    public void Draw(IAnsiConsole console)
    {
        var origin = plan.Origin;
        var facts = Layout.Facts();
        facts.AddRow("method", Markup.Escape(origin.Method) + (origin.Chosen is { } chosen ? Markup.Escape($" ({chosen})") : "")
            + (origin.Ratio is { } ratio ? $", ratio {Layout.Percent(ratio)}" : ""));
        facts.AddRow("layers", $"{plan.LayerCount} before, {plan.Kept.Length} after");
        facts.AddRow("protected", origin.ProtectedLayers > 0 ? $"the first {origin.ProtectedLayers}" : "none");
        console.Write(facts);
        console.WriteLine();
        DrawRow(console);
        console.MarkupLine($"[red]{Dropped}[/] drop   [green]{Tuned}[/] tune   [grey]{Frozen}[/] freeze");

        var table = Layout.Texts("", "number", "original", "after pruning");
        table.AddRow("drop", $"{plan.Drop.Length}", List(plan.Drop), "");
        table.AddRow("tune", $"{plan.Tune.Length}", List(plan.Tune), List(plan.TuneNew));
        table.AddRow("freeze", $"{plan.Freeze.Length}", List(plan.Freeze), List(plan.Freeze.Select(layer => plan.NewIndex(layer)!.Value)));
        console.Write(table);
        DrawCompared(console);
        foreach (string warning in origin.Warnings) console.MarkupLineInterpolated($"[yellow]{warning}[/]");
    }

    private void DrawCompared(IAnsiConsole console)
    {
        if (plan.Origin.Compared.Count == 0) return;
        var table = Layout.Texts("", "method", "loss", "bridged", "dropped");
        foreach (var row in plan.Origin.Compared)
            table.AddRow(row.Method == plan.Origin.Chosen ? "best" : "", Markup.Escape(row.Method), Loss(row.Loss), Loss(row.BridgedLoss),
                row.Missing is { } missing ? Markup.Escape(missing) : List(row.Drop));
        console.Write(table);
    }

    private static string Loss(double? loss) => loss is { } known ? Layout.Number(known, "0.00000") : "";

    private void DrawRow(IAnsiConsole console)
    {
        int across = Math.Max(1, Math.Min(console.Profile.Width / CellWidth, plan.LayerCount));
        foreach (int[] layers in Enumerable.Range(0, plan.LayerCount).Chunk(across))
        {
            console.MarkupLine(string.Concat(layers.Select(layer => $"[grey]{layer,CellWidth}[/]")));
            console.MarkupLine(string.Concat(layers.Select(Cell)));
        }
    }

    private string Cell(int layer) =>
        plan.Drop.Contains(layer) ? $"[red]{Dropped,CellWidth}[/]" : plan.Tune.Contains(layer)
            ? $"[green]{Tuned,CellWidth}[/]" : $"[grey]{Frozen,CellWidth}[/]";

    private static string List(IEnumerable<int> layers) => string.Join(' ', layers);
}
