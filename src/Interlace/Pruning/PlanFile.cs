using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Pruning;

/// <summary>
/// The artefact <c>plan.json</c>: the layers in both numberings, how they were chosen and for which model.
/// The same plan gives the same bytes. Reading checks everything:
/// unknown or missing entries, sets that overlap, numberings that disagree, scores of another number than the layers.
/// </summary>
public static class PlanFile
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "plan.json";

    /// <summary>Name and version of the format.</summary>
    public const string Format = "interlace-plan/1";

    private const string Greedy = "greedy", Optimal = "optimal";

    private static readonly string[] TokenClasses = ["all", "image", "prompt", "answer"];

    /// <summary>The text of the artefact.</summary>
    public static string ToJson(PruningPlan plan)
    {
        var origin = plan.Origin;
        var file = new Artefact(Format, ProgramVersion.CreatedBy,
            new(origin.Method, origin.Ratio, origin.Selection == Selection.Optimal ? Optimal : Greedy, origin.Tokens,
                origin.ProtectedLayers, origin.ProtectEnds ? true : null, origin.Rules == SelectionRules.Paper ? null : origin.Rules,
                origin.SinksKept?.ToArray(), origin.LongestRun == 1 ? null : origin.LongestRun,
                origin.Candidates == 0 ? null : origin.Candidates, origin.Tune == TuneRule.Method ? null : origin.Tune,
                origin.BestOf, origin.BestBy == BestBy.Dropped ? null : SelectionRules.Spelled(origin.BestBy), origin.Chosen),
            origin.Seed, origin.Model, plan.LayerCount,
            new([.. plan.Drop]),
            Both(plan, plan.Tune), Both(plan, plan.Freeze), Both(plan, plan.Kept),
            [.. origin.Choices.Select(choice => new Choice([.. choice.Layers], [.. choice.Drop], [.. choice.Tune], choice.Score,
            choice.Reason))],
            origin.LayerSimilarity?.ToArray(), origin.TripletSimilarity?.ToArray(), [.. origin.Warnings],
            origin.Compared.Count == 0 ? null : [.. origin.Compared]);
        return JsonSerializer.Serialize(file, ArtefactJson.Readable<Artefact>()) + "\n";
    }

    /// <summary>Writes the artefact; a reader sees the old file or the new one, never half of one.</summary>
    public static void Save(PruningPlan plan, string path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(ToJson(plan)));

    /// <summary>Reads a plan.</summary>
    /// <exception cref="PlanException">The file is absent or wrong.</exception>
    public static PruningPlan Load(string path) =>
        UserFile.KindOf(path) != PathKind.Missing ? Parse(Encoding.UTF8.GetString(StrictJson.Bytes(path)), path)
        : throw new PlanException($"There is no plan {path}: make one with the plan command.");

    /// <summary>The plan in the text of an artefact.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="PlanException">The text is no valid plan.</exception>
    public static PruningPlan Parse(string json, string source)
    {
        try
        {
            var file = StrictJson.Parse(json, ArtefactJson.Readable<Artefact>());
            Interlace.Artefacts.Artefact.RequireWhole(file, ArtefactJson.Readable<Artefact>(), "");
            return Check(file);
        }
        catch (Exception e) when (e is JsonException or PlanException)
        {
            throw new PlanException($"{source} is no valid plan: {e.Message}", e);
        }
    }

    private static PruningPlan Check(Artefact file)
    {
        Require(file.Format == Format, $"its format is '{file.Format}', expected '{Format}'.");
        Require(file.Settings.Selection is Greedy or Optimal, $"its selection is '{file.Settings.Selection}', expected greedy or optimal.");
        Require(TokenClasses.Contains(file.Settings.Tokens),
            $"its tokens are '{file.Settings.Tokens}', expected one of {string.Join(", ", TokenClasses)}.");
        var plan = PruningPlan.Create(file.Layers, file.Drop.Original, file.Tune.Original, new()
        {
            Method = file.Settings.Method,
            Ratio = file.Settings.Ratio,
            Selection = file.Settings.Selection == Optimal ? Selection.Optimal : Selection.Greedy,
            Tokens = file.Settings.Tokens,
            ProtectedLayers = file.Settings.ProtectedLayers,
            ProtectEnds = file.Settings.ProtectEnds ?? false,
            Rules = file.Settings.Rules ?? SelectionRules.Paper,
            SinksKept = file.Settings.SinksKept,
            LongestRun = file.Settings.LongestRun ?? 1,
            Candidates = file.Settings.Candidates ?? 0,
            Tune = file.Settings.Tune ?? TuneRule.Method,
            BestOf = file.Settings.BestOf,
            BestBy = SelectionRules.Parse<BestBy>(file.Settings.BestBy ?? "dropped", "its best_by"),
            Chosen = file.Settings.Chosen,
            Compared = file.Compared ?? [],
            Seed = file.Seed,
            LayerSimilarity = file.LayerSimilarity,
            TripletSimilarity = file.TripletSimilarity,
            Choices = [.. file.Choices.Select(choice => new PlanChoice(choice.Layers, choice.Drop, choice.Tune, choice.Score,
            choice.Reason))],
            Warnings = file.Warnings,
            Model = file.Inputs,
        });
        CheckNumbers(file, plan);
        CheckOrigin(file, plan);
        return plan;
    }

    private static void CheckNumbers(Artefact file, PruningPlan plan)
    {
        Require(file.Drop.Original.SequenceEqual(plan.Drop), "its dropped layers are not ascending.");
        foreach (var (name, stated, expected) in new[] { ("tuned", file.Tune, plan.Tune), ("frozen", file.Freeze, plan.Freeze),
            ("kept", file.Keep, plan.Kept) })
        {
            Require(stated.Original.SequenceEqual(expected),
                $"its {name} layers are {List(stated.Original)}, but the other sets leave {List(expected)}.");
            Require(stated.New.SequenceEqual(Both(plan, expected).New),
                $"the new indices of its {name} layers do not follow from the dropped ones.");
        }
    }

    private static void CheckOrigin(Artefact file, PruningPlan plan)
    {
        int guarded = file.Settings.ProtectedLayers;
        Require(file.Settings.Method.Length > 0, "it names no method.");
        Require(guarded >= 0, $"it protects {guarded} layers.");
        Require(plan.Drop.All(layer => layer >= guarded), $"it drops layer {plan.Drop.FirstOrDefault()}, which it says is protected.");
        int[] sinks = file.Settings.SinksKept ?? [];
        Require(sinks.All(layer => layer >= 0 && layer < plan.LayerCount) && !sinks.Intersect(plan.Drop).Any(),
            $"it keeps the layers {List(sinks)} because they write sinks, and drops one of them or has no such layer.");
        Require(file.LayerSimilarity is null || file.LayerSimilarity.Length == plan.LayerCount,
            "its layer similarities are not one per layer.");
        Require(file.TripletSimilarity is null || file.TripletSimilarity.Length == Evidence.TripletCount(plan.LayerCount),
            "its triplet similarities are not one per triplet.");
        Require((file.LayerSimilarity ?? []).Concat(file.TripletSimilarity ?? []).All(similarity => !double.IsInfinity(similarity)),
            "a similarity in it is infinite.");
        if (file.Settings.Ratio is { } ratio)
        {
            int changed = plan.Drop.Length > 0 ? plan.Drop.Length : plan.Tune.Length, expected = DropCount.For(ratio, plan.LayerCount);
            Require(changed == expected, $"a ratio of {ratio} is {expected} of {plan.LayerCount} layers, but it changes {changed}.");
        }
        foreach (var row in file.Compared ?? [])
            Require(row.Drop.Concat(row.Tune).All(layer => layer >= 0 && layer < plan.LayerCount),
                $"the plan of {row.Method} that it compares has layers that the model lacks.");
        foreach (var choice in file.Choices)
            Require(choice.Layers.All(layer => layer >= 0 && layer < plan.LayerCount) && choice.Drop.All(layer => plan.Drop.Contains(layer))
                && choice.Tune.All(layer => plan.Tune.Contains(layer)),
                $"its choice of layers {List(choice.Layers)} contradicts its sets.");
    }

    private static string List(IReadOnlyCollection<int> layers)
    {
        const int most = 64;
        return $"[{string.Join(", ", layers.Take(most))}{(layers.Count > most ? $", ... {layers.Count} in all" : "")}]";
    }

    private static void Require(bool condition, string fault)
    {
        if (!condition) throw new PlanException(fault);
    }

    private static Numbered Both(PruningPlan plan, IEnumerable<int> layers) =>
        new([.. layers], [.. layers.Select(layer => plan.NewIndex(layer)!.Value)]);

    internal sealed record Artefact(string Format, string CreatedBy, Settings Settings, int Seed, ModelIdentity? Inputs, int Layers,
        Dropped Drop, Numbered Tune, Numbered Freeze, Numbered Keep, Choice[] Choices, double[]? LayerSimilarity,
            double[]? TripletSimilarity, string[] Warnings,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BestRow[]? Compared = null);

    internal sealed record Settings(string Method, double? Ratio, string Selection, string Tokens, int ProtectedLayers,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? ProtectEnds = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SelectionRules? Rules = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int[]? SinksKept = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? LongestRun = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Candidates = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TuneRule? Tune = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? BestOf = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? BestBy = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Chosen = null);

    internal sealed record Dropped(int[] Original);

    internal sealed record Numbered(int[] Original, int[] New);

    internal sealed record Choice(int[] Layers, int[] Drop, int[] Tune, double? Score, string Reason);
}
