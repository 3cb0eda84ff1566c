using System.Text.Json.Nodes;
using Interlace.Pruning.Bridging;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>How a model's dropped layers were bridged.</summary>
internal sealed class BridgeView(BridgeAccount bridge)
{
    public JsonNode ToJson() => StrictJson.Parse(bridge.ToJson())!;

    public void Draw(IAnsiConsole console)
    {
        var (settings, facts) = (bridge.Settings, Layout.Facts());
        facts.AddRow("bridged on", $"{Layout.Count(bridge.Samples)} samples, {Layout.Count(bridge.Tokens)} tokens, "
            + $"on {settings.Device} in {settings.Dtype}, ridge {Layout.Number(settings.Ridge, "g3")}");
        if (bridge.Skipped.Values.Sum() is > 0 and var skipped)
            facts.AddRow("skipped", $"{Layout.Count(skipped)} samples: "
                + $"{Markup.Escape(string.Join(", ", bridge.Skipped.Select(reason => $"{reason.Value} {reason.Key}")))}");
        console.Write(facts);
        if (bridge.Layers.Count == 0) return;
        var table = Layout.Table("bridge in layer", "over", "error before", "after");
        foreach (var layer in bridge.Layers)
            table.AddRow($"{layer.Layer}", string.Join(' ', layer.Dropped), Layout.Number(layer.ErrorBefore, "0.0000"),
                Layout.Number(layer.ErrorAfter, "0.0000"));
        console.Write(table);
    }
}
