using System.Text.Json.Nodes;
using Interlace.Pruning;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>The plans of all methods side by side, a row of layers each.</summary>
internal sealed class PlanComparisonView(IReadOnlyList<ComparedPlan> plans)
{
    public JsonNode ToJson() => new JsonArray([.. plans.Select(row => (JsonNode)new JsonObject
    {
        ["method"] = row.Method, ["ratio"] = row.Ratio, ["drop"] = List(row.Plan?.Drop), ["tune"] = List(row.Plan?.Tune),
            ["shared"] = row.Plan is null ? null : row.Shared, ["missing"] = row.Missing,
    })]);

    public void Draw(IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("method").NoWrap())
            .AddColumn(new TableColumn("ratio").NoWrap().RightAligned()).AddColumn(new TableColumn("layers").NoWrap())
            .AddColumn(new TableColumn($"as {plans[0].Method}").NoWrap().RightAligned());
        foreach (var method in plans.Where(row => row.Plan is not null).GroupBy(row => row.Method))
            foreach (var (i, row) in method.Index())
                table.AddRow(i == 0 ? Markup.Escape(row.Method) : "", Layout.Percent(row.Ratio), Cells(row.Plan!),
                    row.Plan!.Drop.IsEmpty ? "" : $"{row.Shared} of {row.Plan.Drop.Length}");
        console.Write(table);
        console.MarkupLine($"[red]{PlanView.Dropped}[/] drop   [green]{PlanView.Tuned}[/] tune   [grey]{PlanView.Frozen}[/] freeze");
        foreach (var missing in plans.Where(row => row.Missing is not null).GroupBy(row => (row.Method, row.Missing)))
            console.WriteLine($"{missing.Key.Method}, {string.Join(", ", missing.Select(row => Layout.Percent(row.Ratio)))}: "
                + $"{missing.Key.Missing}");
    }

    private static string Cells(PruningPlan plan) => string.Concat(Enumerable.Range(0, plan.LayerCount).Select(layer =>
        plan.Drop.Contains(layer) ? $"[red]{PlanView.Dropped}[/]" : plan.Tune.Contains(layer)
            ? $"[green]{PlanView.Tuned}[/]" : $"[grey]{PlanView.Frozen}[/]"));

    private static JsonArray? List(IEnumerable<int>? layers) => layers is null ? null : [.. layers.Select(layer => (JsonNode)layer)];
}
