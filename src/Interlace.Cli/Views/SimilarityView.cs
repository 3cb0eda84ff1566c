using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>Similarities by layer: of each layer, and of the triplet that begins with it.</summary>
internal sealed class SimilarityView(LayerSimilarity similarity)
{
    public JsonNode ToJson() => StrictJson.Parse(similarity.ToJson())!;

    public void Draw(IAnsiConsole console)
    {
        var facts = Layout.Facts();
        facts.AddRow("samples", Layout.Count(similarity.Samples));
        facts.AddRow("tokens",
            string.Join(", ", LayerSimilarity.Classes.Select(name => $"{Layout.Count(similarity.Tokens[name])} {name}")));
        if (similarity.Skipped.Values.Sum() is > 0 and var skipped)
            facts.AddRow("skipped", $"{Layout.Count(skipped)} samples: "
                + $"{Markup.Escape(string.Join(", ", similarity.Skipped.Select(reason => $"{reason.Value} {reason.Key}")))}");
        facts.AddRow("computed", Markup.Escape($"on {similarity.Settings.Device} in {similarity.Settings.Dtype}"));
        console.Write(facts);

        string[] classes = ["all", .. LayerSimilarity.Classes.Where(name => similarity.Tokens[name] > 0)];
        double[][] means = [.. classes.Select(similarity.LayerMeans)];
        SpanSimilarity layers = Of(1)!;
        SpanSimilarity? triplets = Of(3);
        var (sinks, ratios) = (similarity.Sinks, similarity.Sinks?.FirstNormRatio);
        string[] profile = sinks is null ? [] : ["first position", "norm there", "largest norm"];
        var table = Layout.Table(["layer", .. classes, "error", .. triplets is null
            ? Array.Empty<string>() : ["triplet from here", "error"], .. profile]);
        for (int l = 0; l < similarity.Layers; l++)
            table.AddRow([$"{l}", .. means.Select(mean => Cosine(mean[l])), Cosine(layers.StandardError[l]),
                .. triplets is null ? Array.Empty<string>() : l < triplets.Mean.Length
                    ? [Cosine(triplets.Mean[l]), Cosine(triplets.StandardError[l])] : ["", ""],
                .. sinks is null ? Array.Empty<string>()
                    : [Cosine(sinks.FirstCosine[l]), Times(ratios![l]), Times(sinks.LargestNormRatio[l])]]);
        console.Write(table);
        if (sinks is not null) console.WriteLine(sinks.InWords);
    }

    private SpanSimilarity? Of(int length) => similarity.Spans.FirstOrDefault(span => span.Length == length);

    private static string Times(double ratio) => $"x {Layout.Number(ratio, ratio < 100 ? "0.00" : "0")}";

    private static string Cosine(double value) => Layout.Number(value, "0.00000");
}
