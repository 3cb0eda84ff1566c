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
    public const string Sleb = "sleb", Perplexity = "perplexity", Taylor = "taylor", MagnitudeBlock = "magnitude-block",
        InterlaceLoss = "interlace-loss", Best = BestOf.Name;

    /// <summary>No evidence of the kind.</summary>
    public static EvidenceFiles None { get; } = new();

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<string> Names { get; } = [Sleb, Perplexity, Taylor, MagnitudeBlock, InterlaceLoss, Best];

    private static readonly string[] BlockNames = [Perplexity, Taylor, MagnitudeBlock];

    /// <summary>SLEB's order.</summary>
    public RemovalOrder? Order { get; init; }

    /// <summary>Losses of searches; see <see cref="Evidence.LossesWithout"/>.</summary>
    public Func<IReadOnlyList<int>, IReadOnlyList<int>, IReadOnlyList<double>?>? LossesWithout { get; init; }

    /// <summary>Losses of plans; see <see cref="Evidence.PlanLoss"/>.</summary>
    public Func<IReadOnlyList<int>, PlanLoss?>? PlanLoss { get; init; }

    /// <summary>What losses of searches and of plans were measured from, by the names of the kinds.</summary>
    public IReadOnlyDictionary<string, EvidenceInputs> LossInputs { get; init; } = new Dictionary<string, EvidenceInputs>();

    /// <summary>Scores of single layers by the names of the kinds.</summary>
    public IReadOnlyDictionary<string, BlockScores> Scores { get; init; } = new Dictionary<string, BlockScores>();

    /// <summary>Where a kind lies.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="name">A name of <see cref="Names"/>.</param>
    public static string PathOf(string run, string name) => Path.Combine(run, FolderName, $"{name}.json");

    /// <summary>The kinds that a method needs.</summary>
    public static IReadOnlyList<string> NeededBy(Method method) => [.. Names.Where(name => method.Needs.HasFlag(NeedOf(name)))];

    /// <summary>The kinds that a plan needs, in the order in which they are to be measured.</summary>
    /// <exception cref="PlanException">It names no known method.</exception>
    public static IReadOnlyList<string> NeededBy(Experiments.PlanOptions plan)
    {
        string[] needed = [.. MethodsOf(plan).SelectMany(name => NeededBy(Methods.Find(name)))];
        return [.. Names.Where(name => needed.Contains(name) || name == Best && plan.Method == Best)];
    }

    /// <summary>The methods that make a plan: those that are compared, under <c>best</c>.</summary>
    /// <exception cref="PlanException">The list names none, or a wrong one.</exception>
    public static IReadOnlyList<string> MethodsOf(Experiments.PlanOptions plan) =>
        plan.Method == Best ? BestOf.Parse(plan.BestOf) : [plan.Method];

    /// <summary>Reads what a method needs as far as it is there.</summary>
    /// <exception cref="InputException">A file is wrong.</exception>
    public static EvidenceFiles Load(string run, Method method)
    {
        string[] there = [.. NeededBy(method).Where(name => File.Exists(PathOf(run, name)))];
        var losses = there.Contains(InterlaceLoss) ? MeasuredLosses.Load(PathOf(run, InterlaceLoss)) : null;
        var plans = there.Contains(Best) ? PlanLosses.Load(PathOf(run, Best)) : null;
        return new()
        {
            Order = there.Contains(Sleb) ? RemovalOrder.Load(PathOf(run, Sleb)) : null,
            Scores = there.Where(BlockNames.Contains).ToDictionary(name => name, name => BlockScores.Load(PathOf(run, name), name)),
            LossesWithout = losses is null ? null : losses.Of,
            PlanLoss = plans is null ? null : plans.Of,
            LossInputs = new[] { (InterlaceLoss, losses?.Inputs), (Best, plans?.Inputs) }.Where(kind => kind.Item2 is not null)
                .ToDictionary(kind => kind.Item1, kind => kind.Item2!),
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
        if (name == InterlaceLoss)
        {
            var losses = MeasuredLosses.Load(path);
            return (losses.Inputs, losses.Settings, losses.Seed);
        }
        if (name == Best)
        {
            var plans = PlanLosses.Load(path);
            return (plans.Inputs, plans.Settings, plans.Seed);
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
            LossesWithout = (_, candidates) => new double[candidates.Count],
            PlanLoss = drop => new([.. drop], 0, 0),
            Scores = BlockNames
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
            .Concat(LossInputs.Select(kind => (kind.Key, kind.Value))).Concat(Order is null ? [] : [(Sleb, Order.Inputs)]))
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
            LossesWithout = LossesWithout,
            PlanLoss = PlanLoss,
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
        InterlaceLoss => EvidenceNeeds.MeasuredLosses,
        Best => EvidenceNeeds.PlanLosses,
        _ => throw new InputException($"There is no evidence '{name}': choose {string.Join(", ", Names)}."),
    };
}
