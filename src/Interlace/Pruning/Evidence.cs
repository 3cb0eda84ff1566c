using Interlace.Calibration;

namespace Interlace.Pruning;

/// <summary>
/// What a selection method may look at. It hides the model: a method knows numbers per layer and no family.
/// Indices are 0-based, as in checkpoints.
/// </summary>
public sealed record Evidence
{
    /// <param name="layerCount">Number of decoder layers, L.</param>
    /// <exception cref="PlanException">There is no layer.</exception>
    public Evidence(int layerCount) =>
        LayerCount = layerCount > 0
            ? layerCount
            : throw new PlanException($"A model with {layerCount} decoder layers has nothing to plan.");

    /// <summary>The similarities of a calibration.</summary>
    /// <param name="similarity">The calibration's artefact.</param>
    /// <param name="tokens">Which tokens to take means over: <c>all</c>, <c>image</c>, <c>prompt</c> or <c>answer</c>.</param>
    /// <param name="protectedLayers">How many of the first layers are never dropped.</param>
    /// <param name="seed">Seed of the methods that use chance.</param>
    /// <param name="samples">The sums of each sample, where every sample counts the same; null where every token does.</param>
    /// <exception cref="Vlm.InputException">No such class of tokens, or none of its tokens were seen.</exception>
    public static Evidence Of(LayerSimilarity similarity, string tokens = "all", int protectedLayers = 0, int seed = 0,
        IReadOnlyList<SampleSums>? samples = null)
    {
        double[] Means(int length) => samples is null ? similarity.Means(length, tokens) : SampleMeans.Of(samples, length, tokens);
        return new(similarity.Layers)
        {
            LayerSimilarity = Means(1),
            TripletSimilarity = similarity.Layers < 3 ? [] : Means(3),
            WindowSimilarity = Means,
            WindowAngle = similarity.Angles,
            Tokens = tokens,
            ProtectedLayers = protectedLayers,
            Seed = seed,
        };
    }

    /// <summary>Number of decoder layers, L.</summary>
    public int LayerCount { get; }

    /// <summary>[L] mean cosine between input and output of each layer (paper 3.2, S_layer);
    /// NaN where it was not measured, null where none was.</summary>
    public IReadOnlyList<double>? LayerSimilarity { get; init; }

    /// <summary>[L - 2] mean cosine between the input of layer i and the output of layer i + 2 (paper Eq. 1, S_triplet);
    /// NaN where it was not measured, null where none was.</summary>
    public IReadOnlyList<double>? TripletSimilarity { get; init; }

    /// <summary>For a length n: [L - n + 1] mean cosine between the input of layer i and the output of layer i + n - 1;
    /// throws where that length was not measured.</summary>
    public Func<int, IReadOnlyList<double>>? WindowSimilarity { get; init; }

    /// <summary>For a length n: [L - n + 1] mean angle, as a part of a half turn,
    /// between the last token's states before layer i and behind layer i + n - 1; throws where that length was not measured.</summary>
    public Func<int, IReadOnlyList<double>>? WindowAngle { get; init; }

    /// <summary>The layers in the order in which SLEB removes them, as far as it went; null where it was not measured.</summary>
    public IReadOnlyList<Removal>? RemovalOrder { get; init; }

    /// <summary>[L] loss of the model without each layer; NaN where it was not measured, null where none was.</summary>
    public IReadOnlyList<double>? LossWithout { get; init; }

    /// <summary>[L] sum of |weight x gradient| over each layer; null where it was not measured.</summary>
    public IReadOnlyList<double>? GradientImportance { get; init; }

    /// <summary>[L] sum of |weight| over each layer; null where it was not measured.</summary>
    public IReadOnlyList<double>? WeightImportance { get; init; }

    /// <summary>For layers that are gone, ascending, and others: [others] the loss without each of these besides; NaN where it is no
    /// number, null where one was not measured. Null where none was.</summary>
    public Func<IReadOnlyList<int>, IReadOnlyList<int>, IReadOnlyList<double>?>? LossesWithout { get; init; }

    /// <summary>For the dropped layers of a plan, ascending: its losses; null where they were not measured. Null where none were.</summary>
    public Func<IReadOnlyList<int>, PlanLoss?>? PlanLoss { get; init; }

    /// <summary>Which tokens the similarities are means over: <c>all</c>, <c>image</c>, <c>prompt</c> or <c>answer</c>.</summary>
    public string Tokens { get; init; } = "all";

    /// <summary>Layers 0 to this number - 1 are never dropped: visual features are added behind them by position.
    /// 0 turns protection off.</summary>
    public int ProtectedLayers { get; init; }

    /// <summary>The layers that write an attention sink (<see cref="SinkProfile.Writers"/>); none where that was not measured.</summary>
    public IReadOnlyList<int> SinkWriters { get; init; } = [];

    /// <summary>Layers that write an attention sink are never dropped.</summary>
    public bool KeepsSinks { get; init; }

    /// <summary>Seed of the methods that use chance.</summary>
    public int Seed { get; init; }

    /// <summary>The layers that may be dropped, ascending.</summary>
    public IEnumerable<int> Droppable => Enumerable.Range(0, LayerCount).Where(IsDroppable);

    /// <summary>True where the layer may be dropped.</summary>
    public bool IsDroppable(int layer) => layer >= ProtectedLayers && !(KeepsSinks && SinkWriters.Contains(layer));

    /// <summary>Why a layer may not be dropped.</summary>
    internal string WhyKept(int layer) =>
        layer < ProtectedLayers ? $"layer {layer} is protected" : $"layer {layer} writes an attention sink";

    /// <summary>The first layers of all runs of so many neighbouring layers that may be dropped, ascending.</summary>
    /// <exception cref="PlanException">There is no such run.</exception>
    internal IReadOnlyList<int> DroppableRuns(int length, int first = 0)
    {
        int[] starts = [.. Enumerable.Range(first, Math.Max(0, LayerCount - length + 1 - first))
            .Where(start => Enumerable.Range(start, length).All(IsDroppable))];
        return starts.Length > 0 ? starts
            : throw new PlanException($"No {length} layers in a row may all be dropped: drop fewer, choose another method, "
                + $"or let go of what is kept with plan.{(KeepsSinks ? "protect_sinks" : "protect")}=false.");
    }

    /// <summary>[L] layer similarities, every one of them measured.</summary>
    /// <param name="last">That of the last layer counts; without it there are L - 1.</param>
    /// <exception cref="PlanException">They are absent, of another number than the layers, or one is not a number.</exception>
    public IReadOnlyList<double> RequireLayerSimilarity(bool last = true) => Require(LayerSimilarity, "layer", LayerCount, last);

    /// <summary>[L - 1] pair similarities, every one of them measured.</summary>
    /// <param name="last">That of the last pair counts; without it there are L - 2.</param>
    /// <exception cref="PlanException">They are absent, of another number than the pairs, or one is not a number.</exception>
    public IReadOnlyList<double> RequirePairSimilarity(bool last = true) =>
        Require(WindowSimilarity?.Invoke(2), "pair", Math.Max(0, LayerCount - 1), last);

    /// <summary>[L - 2] triplet similarities, every one of them measured.</summary>
    /// <param name="last">That of the last triplet counts; without it there are L - 3.</param>
    /// <exception cref="PlanException">They are absent, of another number than the triplets, or one is not a number.</exception>
    public IReadOnlyList<double> RequireTripletSimilarity(bool last = true) =>
        Require(TripletSimilarity, "triplet", TripletCount(LayerCount), last);

    /// <summary>Scores of all windows of a length, every one of them measured.</summary>
    /// <exception cref="PlanException">They are absent, of another number than the windows, or one is not a number.</exception>
    internal IReadOnlyList<double> RequireWindows(Func<int, IReadOnlyList<double>>? scores, int length) =>
        Require(scores?.Invoke(length), $"window of {length} layers", LayerCount - length + 1);

    /// <summary>Numbers per layer of a kind of evidence, every one of them measured.</summary>
    /// <exception cref="PlanException">They are absent, of another number than the layers, or one is not a number.</exception>
    internal IReadOnlyList<double> RequireMeasured(IReadOnlyList<double>? scores, string name)
    {
        if (scores is null) throw PlanException.Missing(name);
        if (scores.Count != LayerCount)
        {
            throw new PlanException($"The evidence {name} is of {scores.Count} layers where the model has {LayerCount}: "
                + "it was measured on another model.");
        }
        int missing = scores.Index().FirstOrDefault(score => !double.IsFinite(score.Item), (-1, 0)).Index;
        return missing < 0 ? scores : throw new PlanException($"The evidence {name} has no number for layer {missing}: measure it again.");
    }

    /// <summary>The order of removal, with at least so many layers.</summary>
    /// <exception cref="PlanException">It is absent or too short.</exception>
    internal IReadOnlyList<Removal> RequireRemovalOrder(int count)
    {
        if (RemovalOrder is null) throw PlanException.Missing(EvidenceFiles.Sleb);
        return RemovalOrder.Count >= count ? RemovalOrder
            : throw new PlanException($"{count} layers are to go, but SLEB's order has only {RemovalOrder.Count}: go on with calibrate "
                + $"--evidence {EvidenceFiles.Sleb} --set calibrate.sleb_ratio={DropCount.RatioFor(count, LayerCount)}.");
    }

    /// <summary>[candidates] losses without each of them, where other layers are gone.</summary>
    /// <exception cref="PlanException">One was not measured.</exception>
    internal IReadOnlyList<double> RequireLosses(IReadOnlyList<int> removed, IReadOnlyList<int> candidates) =>
        LossesWithout?.Invoke(removed, candidates) ?? throw new PlanException(
            $"This search needs the losses {(removed.Count == 0 ? "" : $"without the layers {string.Join(", ", removed)} and ")}"
            + "without each of the layers that might go, which were not measured: plan RUN --measure measures what a plan needs, "
            + $"and so does calibrate --evidence {EvidenceFiles.InterlaceLoss} with the same ratio.");

    /// <summary>The losses of the plan that drops these layers.</summary>
    /// <exception cref="PlanException">They were not measured.</exception>
    internal PlanLoss RequirePlanLoss(IReadOnlyList<int> drop) =>
        PlanLoss?.Invoke(drop) ?? throw new PlanException($"The loss of the plan that drops the layers {string.Join(", ", drop)} "
            + "was not measured: plan RUN --measure measures what a plan needs, and plan RUN --best-of LIST does so by itself.");

    /// <summary>Number of triplets of neighbouring layers.</summary>
    internal static int TripletCount(int layerCount) => Math.Max(0, layerCount - 2);

    private static IReadOnlyList<double> Require(IReadOnlyList<double>? scores, string unit, int count, bool last = true)
    {
        if (scores is null)
        {
            throw new PlanException($"This method needs the similarity of every {unit}, which was not measured: "
                + "calibrate the model first.");
        }
        if (scores.Count != count)
        {
            throw new PlanException($"There are {scores.Count} similarities per {unit} where the model has {count}: "
                + "they were measured on another model.");
        }
        if (!last) scores = [.. scores.SkipLast(1)];
        for (int i = 0; i < scores.Count; i++)
            if (!double.IsFinite(scores[i]))
            {
                throw new PlanException($"The similarity of {unit} {i} was not measured: "
                    + "calibrate the model again, or choose a method that does not need it.");
            }
        return scores;
    }
}
