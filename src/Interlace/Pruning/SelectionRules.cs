using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Experiments;

namespace Interlace.Pruning;

/// <summary>What a selection does where the paper and its authors' released code part. The defaults are the paper's.</summary>
/// <param name="Weighting">What counts the same in a mean: every token (paper Eq. 1), or every sample.</param>
/// <param name="Ties">Which of the first two layers of a triplet is dropped where both are equally similar: the second
/// (paper, Algorithm 1), or the first.</param>
/// <param name="LastSpan">The span that ends with the last layer is a candidate.</param>
/// <param name="Shortage">What happens where greedy picking finds too few triplets.</param>
/// <param name="Consecutive">Which run of layers <c>consecutive</c> drops.</param>
/// <param name="Random">How <c>random</c> draws.</param>
public sealed record SelectionRules(Weighting Weighting = Weighting.Tokens, Tie Ties = Tie.Second, bool LastSpan = true,
    Shortage Shortage = Shortage.Guard, ConsecutiveRun Consecutive = ConsecutiveRun.LargestSum, Chance Random = Chance.Shuffle)
{
    /// <summary>The paper's.</summary>
    public static SelectionRules Paper { get; } = new();

    /// <summary>As the options of an experiment say.</summary>
    /// <exception cref="PlanException">A name is none of its kind.</exception>
    public static SelectionRules Of(PlanOptions options) =>
        new(Parse<Weighting>(options.Weighting, "plan.weighting"), Parse<Tie>(options.Ties, "plan.ties"), options.LastSpan,
            Parse<Shortage>(options.Shortage, "plan.shortage"), Parse<ConsecutiveRun>(options.Consecutive, "plan.consecutive"),
            Parse<Chance>(options.Random, "plan.random"));

    /// <summary>The number of layers of a model that can lie in a candidate span.</summary>
    internal int EndOf(int layerCount) => LastSpan ? layerCount : layerCount - 1;

    /// <summary>The names of a choice, as options and artefacts spell them.</summary>
    internal static string[] Names<T>() where T : struct, Enum =>
        [.. Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    /// <summary>A choice as options and artefacts spell it.</summary>
    internal static string Spelled<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>The choice of that name.</summary>
    /// <exception cref="PlanException">There is none.</exception>
    internal static T Parse<T>(string name, string option) where T : struct, Enum
    {
        string[] names = Names<T>();
        return Array.IndexOf(names, name) is >= 0 and int at ? Enum.GetValues<T>()[at]
            : throw new PlanException($"{option} is '{name}': choose one of {string.Join(", ", names)}.");
    }
}

/// <summary>What counts the same in a mean similarity.</summary>
[JsonConverter(typeof(Spelling<Weighting>))]
public enum Weighting
{
    /// <summary>Every token (paper Eq. 1).</summary>
    Tokens,

    /// <summary>Every sample: the mean of the samples' means (the authors' code).</summary>
    Samples,
}

/// <summary>Which of two equally similar layers is dropped.</summary>
[JsonConverter(typeof(Spelling<Tie>))]
public enum Tie
{
    /// <summary>The second (paper, Algorithm 1).</summary>
    Second,

    /// <summary>The first (the authors' code).</summary>
    First,
}

/// <summary>What happens where greedy picking finds too few triplets.</summary>
[JsonConverter(typeof(Spelling<Shortage>))]
public enum Shortage
{
    /// <summary>It does not come to that: a triplet that would leave too little room is passed over.</summary>
    Guard,

    /// <summary>Pairs of layers that are left make up the number: one is dropped, the other tuned, without an anchor (the authors' code).
    /// </summary>
    Pairs,

    /// <summary>There is no plan.</summary>
    Refuse,
}

/// <summary>Which run of layers the method <c>consecutive</c> drops.</summary>
[JsonConverter(typeof(Spelling<ConsecutiveRun>))]
public enum ConsecutiveRun
{
    /// <summary>The one whose similarities have the largest sum.</summary>
    LargestSum,

    /// <summary>The one that begins with the most similar layer (the authors' code).</summary>
    FromMostSimilar,
}

/// <summary>How the method <c>random</c> draws.</summary>
[JsonConverter(typeof(Spelling<Chance>))]
public enum Chance
{
    /// <summary>Two shuffles with a generator of ours.</summary>
    Shuffle,

    /// <summary>Two samples as CPython's <c>random</c> draws them from the same seed (the authors' code).</summary>
    Python,
}

internal sealed class Spelling<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
