using Interlace.Pruning.Losses;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning;

/// <summary>
/// Evidence from losses, gradients and weights, each an artefact of its own in the folder <c>evidence</c> beside <c>similarity.json</c>;
/// what a method does not need is not read.
/// </summary>
public sealed record EvidenceFiles
{
    /// <summary>The folder, in that of the run.</summary>
    public const string FolderName = "evidence";

    /// <summary>Names of the kinds of evidence, each that of a method.</summary>
    public const string Sleb = "sleb", Perplexity = "perplexity", Taylor = "taylor", MagnitudeBlock = "magnitude-block";

    /// <summary>No evidence of the kind.</summary>
    public static EvidenceFiles None { get; } = new();

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<string> Names { get; } = [Sleb, Perplexity, Taylor, MagnitudeBlock];

    /// <summary>SLEB's order.</summary>
    public RemovalOrder? Order { get; init; }

    /// <summary>The other kinds by their names.</summary>
    public IReadOnlyDictionary<string, BlockScores> Scores { get; init; } = new Dictionary<string, BlockScores>();

    /// <summary>Where a kind lies.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="name">A name of <see cref="Names"/>.</param>
    public static string PathOf(string run, string name) => Path.Combine(run, FolderName, $"{name}.json");

    /// <summary>The kinds that a method needs.</summary>
    public static IReadOnlyList<string> NeededBy(Method method) => [.. Names.Where(name => method.Needs.HasFlag(NeedOf(name)))];

    /// <summary>Reads what a method needs as far as it is there.</summary>
    /// <exception cref="InputException">A file is wrong.</exception>
    public static EvidenceFiles Load(string run, Method method)
    {
        string[] there = [.. NeededBy(method).Where(name => File.Exists(PathOf(run, name)))];
        return new()
        {
            Order = there.Contains(Sleb) ? RemovalOrder.Load(PathOf(run, Sleb)) : null,
            Scores = there.Where(name => name != Sleb).ToDictionary(name => name, name => BlockScores.Load(PathOf(run, name), name)),
        };
    }

    /// <summary>What a file was measured from.</summary>
    /// <exception cref="InputException">It is absent or wrong.</exception>
    internal static (EvidenceInputs Inputs, EvidenceSettings? Settings, int Seed) OriginOf(string path, string name)
    {
        if (name == Sleb)
        {
            var order = RemovalOrder.Load(path);
            return (order.Inputs, order.Settings, order.Seed);
        }
        var scores = BlockScores.Load(path, name);
        return (scores.Inputs, scores.Settings, scores.Seed);
    }

    /// <summary>Evidence in which all layers are equal: whether there is a plan depends on the number of layers,
    /// not on the values.</summary>
    /// <param name="model">The model that it is for.</param>
    /// <param name="layerCount">Its layers.</param>
    /// <param name="protectedLayers">Layers that are never dropped.</param>
    /// <param name="rounds">Rounds of SLEB's search.</param>
    public static EvidenceFiles Even(ModelIdentity model, int layerCount, int protectedLayers, int rounds)
    {
        var (settings, inputs, none) = (new EvidenceSettings(1, 1, 1, 1, 1, 1, null, 1, "", ""), new EvidenceInputs(model, null),
            new Dictionary<string, long>());
        int[] layers = [.. SlebSearch.Candidates(layerCount, protectedLayers, [])];
        return new()
        {
            Order = new(RemovalOrder.CurrentFormat, "", settings, 0, inputs, layerCount, protectedLayers, 1, none, 1, none, 0,
                [.. layers.Take(rounds).Select((layer, i) => new RemovalRound(layer, layers[i..], new double[layers.Length - i]))]),
            Scores = Names.Where(name => name != Sleb)
                .ToDictionary(name => name,
                name => new BlockScores(BlockScores.CurrentFormat, "", name, null, 0, inputs, layerCount, 0, none, 0, none, null,
                new double[layerCount])),
        };
    }

    /// <summary>The evidence of a calibration with this added.</summary>
    /// <exception cref="PlanException">It is of another model, or was measured with other layers protected.</exception>
    internal Evidence AddTo(Evidence evidence, ModelIdentity model)
    {
        foreach (var (name, inputs) in Scores.Select(scores => (scores.Key, scores.Value.Inputs))
            .Concat(Order is null ? [] : [(Sleb, Order.Inputs)]))
            if (inputs.Model.DifferenceFrom(model) is { } difference)
            {
                throw new PlanException($"The evidence {name} was measured on another model than the similarities: {difference}; "
                    + $"delete it and measure again with calibrate --evidence {name}.");
            }
        if (Order is { } order && order.ProtectedLayers != evidence.ProtectedLayers)
            throw new PlanException($"SLEB's order was made with {order.ProtectedLayers} layers protected, "
                + $"the plan protects {evidence.ProtectedLayers}: "
                + $"plan likewise, or calibrate --evidence {Sleb} into another folder with --set "
                + $"plan.protect={(evidence.ProtectedLayers > 0 ? "true" : "false")}.");
        return evidence with
        {
            RemovalOrder = Order is null ? null : [.. Order.Rounds.Select(round => new Removal(round.Removed, round.Loss))],
            LossWithout = Scores.GetValueOrDefault(Perplexity)?.Scores,
            GradientImportance = Scores.GetValueOrDefault(Taylor)?.Scores,
            WeightImportance = Scores.GetValueOrDefault(MagnitudeBlock)?.Scores,
        };
    }

    private static EvidenceNeeds NeedOf(string name) => name switch
    {
        Sleb => EvidenceNeeds.RemovalOrder,
        Perplexity => EvidenceNeeds.LossWithout,
        Taylor => EvidenceNeeds.GradientImportance,
        MagnitudeBlock => EvidenceNeeds.WeightImportance,
        _ => throw new InputException($"There is no evidence '{name}': choose {string.Join(", ", Names)}."),
    };
}
