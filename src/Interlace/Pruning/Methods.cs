using Interlace.Calibration;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning;

/// <summary>The table of selection methods (paper 3.3, 4.3, 4.5 and the baselines it compares with).</summary>
public static class Methods
{
    /// <summary>Every method by its name.</summary>
    public static IReadOnlyDictionary<string, Method> Table { get; } = new OrderedDictionary<string, Method>(StringComparer.Ordinal)
    {
        ["interlace"] = new(Triplets.Select, EvidenceNeeds.LayerSimilarity | EvidenceNeeds.TripletSimilarity,
            "most similar triplets; of the first two layers drop the more similar, tune the other, freeze the third"),
        ["ordered"] = new(Triplets.SelectOrdered, EvidenceNeeds.TripletSimilarity,
            "most similar triplets; drop the first layer, tune the second, freeze the third"),
        ["train-next"] = new(TrainNext.Select, EvidenceNeeds.LayerSimilarity, "most similar layers; tune the layer after each"),
        ["consecutive"] = new(Consecutive.Select, EvidenceNeeds.LayerSimilarity, "most similar run of layers; tune as many after it"),
        ["random"] = new(RandomLayers.Select, EvidenceNeeds.None, "layers drawn by chance, as many others tuned"),
        ["dense"] = new(Dense.Select, EvidenceNeeds.None, "drop nothing, tune the last layers"),
        ["streamline"] = new(Streamline.Select, EvidenceNeeds.WindowSimilarity,
            "most similar window of layers replaced by its first, which is tuned"),
        ["angular"] = new(Angular.Select, EvidenceNeeds.WindowAngle, "window of layers that turns the last token least, nothing tuned"),
        ["short-gpt"] = new(ShortGpt.Select, EvidenceNeeds.LayerSimilarity, "most similar layers, nothing tuned"),
        ["sleb"] = new(Sleb.Select, EvidenceNeeds.RemovalOrder,
            "layer by layer the one without which the loss is lowest, as many others tuned"),
        [EvidenceFiles.InterlaceLoss] = new(InterlaceLoss.Select, EvidenceNeeds.MeasuredLosses,
            "triplets as of interlace, but the loss without a layer decides instead of similarities"),
        ["perplexity"] = new(ShortenedLlm.SelectByPerplexity, EvidenceNeeds.LossWithout,
            "layers without which the loss is lowest, in one shot, nothing tuned"),
        ["taylor"] = new(ShortenedLlm.SelectByTaylor, EvidenceNeeds.GradientImportance,
            "layers of the smallest weights times gradients, nothing tuned"),
        ["magnitude-block"] = new(ShortenedLlm.SelectByMagnitude, EvidenceNeeds.WeightImportance,
            "layers of the smallest weights, nothing tuned"),
        [BestOf.Name] = new(BestOf.Select, EvidenceNeeds.RemovalOrder | EvidenceNeeds.LossWithout | EvidenceNeeds.GradientImportance
            | EvidenceNeeds.WeightImportance | EvidenceNeeds.MeasuredLosses | EvidenceNeeds.PlanLosses,
            "of the plans of several methods the one without whose layers the loss is lowest"),
    };

    /// <summary>The method of that name.</summary>
    /// <exception cref="PlanException">There is none.</exception>
    public static Method Find(string name) => Table.TryGetValue(name, out var method) ? method
        : throw new PlanException($"There is no selection method '{name}'; choose one of {string.Join(", ", Table.Keys)}.");

    /// <summary>The plan of one method for a fraction of the layers, with its full account.</summary>
    /// <param name="name">A name in <see cref="Table"/>.</param>
    /// <param name="evidence">What the method may look at.</param>
    /// <param name="ratio">Fraction of the layers to drop, in [0, 1).</param>
    /// <param name="options">What the method can be given; the paper's choices where absent.</param>
    /// <param name="model">The model the evidence belongs to.</param>
    /// <exception cref="PlanException">No such method, a wrong ratio, missing evidence,
    /// or more layers than the method can drop.</exception>
    public static PruningPlan Plan(string name, Evidence evidence, double ratio, MethodOptions? options = null, ModelIdentity? model = null)
    {
        var method = Find(name);
        options ??= new();
        int dropCount = DropCount.For(ratio, evidence.LayerCount);
        if (evidence.ProtectedLayers < 0) throw new PlanException($"The number of protected layers cannot be {evidence.ProtectedLayers}.");
        var plan = TunedLayers.In(method.Select(evidence, dropCount, options), options.Tune);
        bool searches = name == EvidenceFiles.InterlaceLoss || name == BestOf.Name && options.BestOf.Contains(EvidenceFiles.InterlaceLoss);
        return plan.With(plan.Origin with
        {
            Method = name,
            Ratio = ratio,
            Selection = options.Selection,
            Tokens = evidence.Tokens,
            ProtectedLayers = evidence.ProtectedLayers,
            ProtectEnds = options.ProtectEnds,
            Rules = options.Rules,
            LongestRun = searches ? options.LongestRun : 1,
            Candidates = searches ? options.Candidates : 0,
            Tune = options.Tune,
            BestOf = name == BestOf.Name ? string.Join(',', options.BestOf) : null,
            BestBy = name == BestOf.Name ? options.BestBy : BestBy.Dropped,
            SinksKept = evidence.KeepsSinks ? evidence.SinkWriters : null,
            Seed = evidence.Seed,
            LayerSimilarity = evidence.LayerSimilarity,
            TripletSimilarity = evidence.TripletSimilarity,
            Warnings = dropCount > 0 ? [.. plan.Origin.Warnings, .. DroppedSinks(plan, evidence)]
                : [.. plan.Origin.Warnings,
                    $"The ratio {ratio} of {evidence.LayerCount} layers is less than one layer: nothing is dropped and nothing is tuned."],
            Model = model,
        });
    }

    private static IEnumerable<string> DroppedSinks(PruningPlan plan, Evidence evidence) => plan.Drop.Intersect(evidence.SinkWriters)
        .Select(layer => $"Layer {layer} is dropped and writes an attention sink: it raises the norm of a token "
            + $"{SinkProfile.Rise:0} times or more, and later layers may attend to that token. plan --protect sinks keeps such layers.");
}
