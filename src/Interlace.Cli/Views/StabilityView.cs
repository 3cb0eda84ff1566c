using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>How sure a plan is: the share of resamplings in which each layer is dropped or tuned.</summary>
internal sealed class StabilityView(PlanStability stability)
{
    public JsonNode ToJson() => StrictJson.Parse(stability.ToJson())!;

    public void Draw(IAnsiConsole console)
    {
        var facts = Layout.Facts();
        facts.AddRow("plan", Markup.Escape($"{stability.Settings.Method}, ratio {Layout.Percent(stability.Settings.Ratio)}"));
        facts.AddRow("samples", Layout.Count(stability.Samples) + (stability.Drawn is { } drawn ? $" of {Layout.Count(drawn)} drawn" : ""));
        facts.AddRow("drops",
            $"{List(stability.Drop)}: exactly these in {Layout.Percent(stability.DropAgreement)} of {stability.Resamples} resamplings");
        facts.AddRow("tunes", $"{List(stability.Tune)}: these layers dropped and these tuned in {Layout.Percent(stability.PlanAgreement)}");
        console.Write(facts);
        var table = Layout.Table("layer", "plan", "dropped", "tuned");
        for (int l = 0; l < stability.Layers; l++)
            table.AddRow($"{l}", stability.Drop.Contains(l) ? "[red]drop[/]" : stability.Tune.Contains(l)
                ? "[green]tune[/]" : "", Share(stability.DropProbability[l]), Share(stability.TuneProbability[l]));
        console.Write(table);
        if (stability.Checks.Length == 0) return;
        var checks = Layout.Table("checked at", "drops", "agreement");
        foreach (var check in stability.Checks)
            checks.AddRow(Layout.Count(check.Samples), List(check.Drop), Layout.Percent(check.Agreement));
        console.Write(checks);
    }

    private static string Share(double share) => share > 0 ? Layout.Percent(share) : "";

    private static string List(int[] layers) => layers.Length > 0 ? string.Join(' ', layers) : "none";
}
