using System.Text.Json.Nodes;
using Interlace.Pruning;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>The plans of all methods side by side, a row of layers each.</summary>
internal sealed class PlanComparisonView(IReadOnlyList<ComparedPlan> plans)
{
    public JsonNode ToJson() => new JsonArray([.. plans.Select(row => (JsonNode)new JsonObject
    {
        ["method"] = row.Method, ["ratio"] = row.Ratio, ["drop"] = List(row.Plan?.Drop), ["tune"] = List(row.Plan?.Tune), ["shared"] = row.Plan is null ? null : row.Shared, ["missing"] = row.Missing,
    })]);

    public void Draw(IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("method").AddColumn(new TableColumn("ratio").RightAligned()).AddColumn(new TableColumn("layers").NoWrap()).AddColumn(new TableColumn($"as {plans[0].Method}").RightAligned());
        foreach (var method in plans.GroupBy(row => row.Method))
            foreach (var (i, row) in method.Index())
            {
                if (row.Plan is not { } plan)
                {
                    if (method.All(other => other.Missing == row.Missing) && i > 0) continue;   // said once
                    table.AddRow(i == 0 ? Markup.Escape(row.Method) : "", Layout.Percent(row.Ratio), $"[yellow]{Markup.Escape(row.Missing!)}[/]", "");
                    continue;
                }
                table.AddRow(i == 0 ? Markup.Escape(row.Method) : "", Layout.Percent(row.Ratio), Cells(plan), plan.Drop.IsEmpty ? "" : $"{row.Shared} of {plan.Drop.Length}");
            }
        console.Write(table);
        console.MarkupLine($"[red]{PlanView.Dropped}[/] drop   [green]{PlanView.Tuned}[/] tune   [grey]{PlanView.Frozen}[/] freeze");
    }

    private static string Cells(PruningPlan plan) => string.Concat(Enumerable.Range(0, plan.LayerCount).Select(layer =>
        plan.Drop.Contains(layer) ? $"[red]{PlanView.Dropped}[/]" : plan.Tune.Contains(layer) ? $"[green]{PlanView.Tuned}[/]" : $"[grey]{PlanView.Frozen}[/]"));

    private static JsonArray? List(IEnumerable<int>? layers) => layers is null ? null : [.. layers.Select(layer => (JsonNode)layer)];
}
