namespace Interlace.Experiments;

/// <summary>
/// A complete experiment: what <c>interlace run</c> reads, what every command's options override, and what each run folder records.
/// Every member has a default;
/// the defaults are the paper's (A.5) where it names a value. Unknown members are refused.
/// </summary>
/// <param name="Name">What reports call the model; the name of its folder where absent.</param>
/// <param name="Model">Model folder.</param>
/// <param name="Seed">Seed of the sampling of data, of the order of training, and of the methods and decoders that use chance.</param>
/// <param name="Device">auto, cpu or cuda.</param>
/// <param name="Dtype">auto, fp32 or bf16: type of the computation.</param>
/// <param name="Data">The data to calibrate with and tune on.</param>
/// <param name="Calibrate">Measuring similarity.</param>
/// <param name="Plan">Choosing layers.</param>
/// <param name="Prune">Removing them.</param>
/// <param name="Finetune">Recovery.</param>
/// <param name="Evaluate">Benchmarks.</param>
/// <param name="Recipe">paper or authors: the <see cref="Experiments.Recipe"/> whose defaults stand where nothing else is said.</param>
/// <param name="Variants">Lines of a matrix: several plans of one model, each with its own models and scores.
/// Where there are none, the experiment is the one that <paramref name="Plan"/> describes.</param>
public sealed record Experiment(
    string? Name = null,
    string? Model = null,
    int Seed = 0,
    string Device = "auto",
    string Dtype = "auto",
    DataOptions? Data = null,
    CalibrationOptions? Calibrate = null,
    PlanOptions? Plan = null,
    [property: LaterOption] PruneOptions? Prune = null,
    FineTuneOptions? Finetune = null,
    EvaluationOptions? Evaluate = null,
    Variant[]? Variants = null,
    [property: LaterOption] string Recipe = Experiments.Recipe.Paper)
{
    /// <summary>Every file and folder that the settings name for reading.</summary>
    public IEnumerable<string> InputPaths() =>
        [.. new[] { Model, Finetune?.Parent, Evaluate?.Benchmarks, Evaluate?.JudgeReplies }.OfType<string>(), .. Data?.InputPaths() ?? [],
            .. Calibrate?.InputPaths() ?? [],
            .. Evaluate?.Texts ?? [], .. Evaluate?.Choices ?? []];

    /// <summary>The same experiment with every section spelled out.</summary>
    public Experiment Complete() => this with
    {
        Data = Data ?? new(), Calibrate = Calibrate ?? new(), Plan = Plan ?? new(), Prune = Prune ?? new(),
        Finetune = Finetune ?? new(), Evaluate = Evaluate ?? new(),
    };
}
