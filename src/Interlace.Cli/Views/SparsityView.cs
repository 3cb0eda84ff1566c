using System.Text.Json.Nodes;
using Interlace.Pruning.Sparsity;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>How many of a model's decoder weights are zero, by layer.</summary>
internal sealed class SparsityView(SparsityFile sparsity)
{
    public JsonNode ToJson() => StrictJson.Parse(sparsity.ToJson())!;

    public void Draw(IAnsiConsole console)
    {
        var facts = Layout.Facts();
        facts.AddRow("sparse by", Markup.Escape($"{sparsity.Method}, pattern {sparsity.Pattern}"));
        if (sparsity.Settings is { } settings)
            facts.AddRow("measured on",
                $"{Layout.Count(sparsity.Samples)} samples, {Layout.Count(sparsity.Tokens)} tokens, "
                    + $"on {settings.Device} in {settings.Dtype}");
        if (sparsity.Skipped.Values.Sum() is > 0 and var skipped)
            facts.AddRow("skipped", $"{Layout.Count(skipped)} samples: "
                + $"{Markup.Escape(string.Join(", ", sparsity.Skipped.Select(reason => $"{reason.Value} {reason.Key}")))}");
        facts.AddRow("zero", $"{Layout.Count(sparsity.Zeros)} of {Layout.Count(sparsity.Parameters)} weights of the decoder's linear "
            + $"layers, {Layout.Percent(sparsity.Sparsity)}");
        console.Write(facts);
        if (sparsity.Layers.Count > 0)
            console.WriteLine($"by layer: {Layout.Percent(sparsity.Layers.Min(Part))} to {Layout.Percent(sparsity.Layers.Max(Part))}");
        console.WriteLine(sparsity.Note);
    }

    private static double Part(LayerSparsity layer) => layer.Parameters == 0 ? 0 : (double)layer.Zeros / layer.Parameters;
}
