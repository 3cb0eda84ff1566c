using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Experiments;

/// <summary>
/// A set of defaults for an experiment's ordinary options: the paper's, or what the paper's authors' released code does where that is
/// something else (pmadinei/Interlace, commit 772ba406, and QwenLM's training script with it). Files, <c>--set</c> and options go before.
/// </summary>
public static class Recipe
{
    /// <summary>What the paper says, with our decisions where it is silent: the defaults of all options.</summary>
    public const string Paper = "paper";

    /// <summary>What the authors' released code does.</summary>
    public const string Authors = "authors";

    /// <summary>The recipes that there are.</summary>
    public static IReadOnlyList<string> Names { get; } = [Paper, Authors];

    /// <summary>The experiment of a recipe alone.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="InputException">There is no such recipe.</exception>
    public static Experiment Experiment(string name) => ExperimentFile.Parse("{}", name, name);

    /// <summary>What a file of an experiment sets otherwise than its recipe, as <c>path is value, not value</c>.</summary>
    /// <param name="members">The file.</param>
    /// <param name="name">The recipe.</param>
    internal static IEnumerable<string> Deviations(JsonObject members, string name) => Deviations(members, Defaults(name), "");

    /// <summary>The file's values over those of a recipe.</summary>
    internal static JsonObject Under(JsonObject members, string name)
    {
        var tree = Defaults(name);
        Lay(members, tree);
        tree["recipe"] = name;
        return tree;
    }

    /// <summary>Makes sure that there is such a recipe.</summary>
    internal static string Check(string name, string source) => Names.Contains(name) ? name
        : throw new InputException($"{source}recipe is '{name}', expected {string.Join(" or ", Names)}.");

    private static JsonObject Defaults(string name)
    {
        if (name == Paper) return [];
        using var stream = typeof(Recipe).Assembly.GetManifestResourceStream($"{name}.json")!;
        using var reader = new StreamReader(stream);
        return (JsonObject)StrictJson.Parse(reader.ReadToEnd())!;
    }

    private static void Lay(JsonObject over, JsonObject tree)
    {
        foreach (var (name, value) in over)
            if (value is JsonObject inner && tree[name] is JsonObject under) Lay(inner, under);
            else tree[name] = value?.DeepClone();
    }

    private static IEnumerable<string> Deviations(JsonObject members, JsonObject defaults, string prefix) =>
        members.SelectMany(member => (member.Value, defaults[member.Key]) switch
        {
            (_, null) => [],
            (JsonObject inner, JsonObject under) => Deviations(inner, under, $"{prefix}{member.Key}."),
            var (own, usual) when JsonNode.DeepEquals(own, usual) => [],
            var (own, usual) => [$"{prefix}{member.Key} is {own?.ToJsonString()}, not {usual!.ToJsonString()}"],
        });
}
