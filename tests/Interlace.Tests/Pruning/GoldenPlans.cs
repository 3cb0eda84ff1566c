using System.Text.Json.Nodes;
using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

/// <summary>The plans of the shared material: the paper's algorithm applied to scores of tiny checkpoints and to invented ones.</summary>
internal static class GoldenPlans
{
    /// <summary>Every case as <c>checkpoint/number</c> or <c>synthetic/number</c>.</summary>
    public static IEnumerable<string> Cases()
    {
        if (!System.IO.File.Exists(Shared.At("fixtures", "qwen3vl", "plans", "plans.json"))) yield break;
        foreach (var (name, checkpoint) in File()["checkpoints"]!.AsObject())
            for (int i = 0; i < checkpoint!["plans"]!.AsArray().Count; i++) yield return $"{name}/{i}";
        for (int i = 0; i < File()["synthetic"]!.AsArray().Count; i++) yield return $"synthetic/{i}";
    }

    /// <summary>The scores of a case and its plan.</summary>
    public static (Evidence Evidence, JsonNode Plan) Load(string id)
    {
        string[] parts = id.Split('/');
        if (parts[0] == "synthetic")
        {
            var entry = File()["synthetic"]![int.Parse(parts[1])]!;
            return (Scores(entry["s_layer"]!, entry["s_triplet"]!, entry["plan"]!), entry["plan"]!);
        }
        var plan = File()["checkpoints"]![parts[0]]!["plans"]![int.Parse(parts[1])]!;
        var aggregate = Shared.Json("fixtures", "qwen3vl", "similarity", parts[0] + ".json")["aggregate"]!;
        return (Scores(aggregate["layer_token_mean"]!, aggregate["triplet_token_mean"]!, plan), plan);
    }

    public static int[] Integers(JsonNode? list) => [.. list!.AsArray().Select(item => item!.GetValue<int>())];

    public static double[] Numbers(JsonNode? list) => [.. list!.AsArray().Select(item => item?.GetValue<double>() ?? double.NaN)];

    private static JsonNode File() => Shared.Json("fixtures", "qwen3vl", "plans", "plans.json");

    private static Evidence Scores(JsonNode layers, JsonNode triplets, JsonNode plan) => new(layers.AsArray().Count)
    {
        LayerSimilarity = Numbers(layers),
        TripletSimilarity = Numbers(triplets),
        ProtectedLayers = plan["protected_first_layers"]!.GetValue<int>(),
    };
}
