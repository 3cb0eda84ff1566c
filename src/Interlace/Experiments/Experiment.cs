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
/// <param name="Finetune">Recovery.</param>
/// <param name="Evaluate">Benchmarks.</param>
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
    FineTuneOptions? Finetune = null,
    EvaluationOptions? Evaluate = null,
    Variant[]? Variants = null)
{
    /// <summary>Every file and folder that the settings name for reading.</summary>
    public IEnumerable<string> InputPaths() =>
        new[] { Model, Data?.Path, Finetune?.Parent, Evaluate?.Benchmarks, Evaluate?.JudgeReplies }.OfType<string>();

    /// <summary>The same experiment with every section spelled out.</summary>
    public Experiment Complete() => this with
    {
        Data = Data ?? new(), Calibrate = Calibrate ?? new(), Plan = Plan ?? new(), Finetune = Finetune ?? new(), Evaluate = Evaluate
            ?? new(),
    };
}

/// <summary>Which data (paper 3.4, A.5).</summary>
/// <param name="Path">Folder of data sets in FineVision's schema.</param>
/// <param name="Rate">Part of each data set that is drawn.</param>
/// <param name="MaxImages">Samples with more images are left out.</param>
/// <param name="MaxTurns">Samples with more turns are left out.</param>
/// <param name="MaxTokens">Longer samples are left out.</param>
/// <param name="MaxPixels">Lowers the model's own bound on the pixels of an image.</param>
/// <param name="Workers">Background workers that decode and tokenise; 0 for one per core.</param>
public sealed record DataOptions(string? Path = null, double Rate = 0.01, int MaxImages = 3, int MaxTurns = 5, int MaxTokens = 16_384,
    int? MaxPixels = null, int Workers = 0);

/// <summary>How similarity is measured (paper 3.2, A.3).</summary>
/// <param name="Fraction">Part of each data set's draw that is used.</param>
/// <param name="SkipFirstToken">Leaves out the first token of each sample, an attention sink.</param>
/// <param name="MaxWindow">Longest span of layers to measure: 3 for triplets; K + 1 for methods that remove windows.</param>
/// <param name="BatchTokens">Tokens of a pass; a longer sample stands alone.</param>
/// <param name="EvidenceSamples">Most samples for evidence from losses and gradients (sleb, perplexity, taylor),
/// which costs far more than similarity.</param>
/// <param name="SlebRatio">Part of the layers up to which SLEB's order is searched; rounded down to whole layers.</param>
/// <param name="Adaptive">Stop before the end of the data once other samples would hardly give another plan.</param>
/// <param name="AdaptiveConfidence">Share of resamplings in which the layers that the plan drops must come out,
/// at two checks in a row.</param>
public sealed record CalibrationOptions(double Fraction = 0.1, bool SkipFirstToken = false, int MaxWindow = 3, int BatchTokens = 4096,
    int EvidenceSamples = 128, double SlebRatio = 0.25, bool Adaptive = false, double AdaptiveConfidence = 0.95);

/// <summary>How layers are chosen (paper 3.3, Algorithm 1).</summary>
/// <param name="Method">Name of the method.</param>
/// <param name="Ratio">Part of the layers to drop; rounded down to whole layers.</param>
/// <param name="Selection">greedy (the paper) or optimal.</param>
/// <param name="Tokens">all, image, prompt or answer: the tokens whose similarity counts.</param>
/// <param name="Protect">Never drop the layers that receive visual features by position.</param>
/// <param name="ProtectEnds">Never drop the first four and the last two layers:
/// perplexity, taylor and magnitude-block as their authors use them.</param>
/// <param name="Rounds">In a whole run: drop the layers in so many rounds, each measured and tuned anew.</param>
public sealed record PlanOptions(string Method = "interlace", double Ratio = 0.25, string Selection = "greedy", string Tokens = "all",
    bool Protect = true, bool ProtectEnds = false, int Rounds = 1);

/// <summary>How quality is won back (paper 3.4, A.5).</summary>
/// <param name="LearningRate">Highest rate.</param>
/// <param name="WarmupRatio">Part of the steps that warms up.</param>
/// <param name="Epochs">Passes over the data.</param>
/// <param name="MaxSteps">Ends earlier; the schedule ends there too.</param>
/// <param name="SamplesPerStep">Samples of an optimiser step (16 a device x 2 accumulations).</param>
/// <param name="Loss">batch_mean: mean over the answer tokens of the whole step; micro_batch_mean:
/// mean of the means of micro-batches of <paramref name="MicroBatchSamples"/>.</param>
/// <param name="MicroBatchSamples">Samples of a micro-batch under micro_batch_mean.</param>
/// <param name="MicroBatchTokens">Tokens of a micro-batch otherwise.</param>
/// <param name="TrainOn">answers, or text: every text token.</param>
/// <param name="Beta1">AdamW.</param>
/// <param name="Beta2">AdamW.</param>
/// <param name="Epsilon">AdamW.</param>
/// <param name="WeightDecay">AdamW.</param>
/// <param name="ClipNorm">Largest norm of the gradient of all tuned parameters together.</param>
/// <param name="Recompute">Run layers again in the backward pass instead of keeping their activations.</param>
/// <param name="Validation">Part of the draw held back for a validation loss.</param>
/// <param name="SaveEvery">Steps between checkpoints from which an interrupted run goes on.</param>
/// <param name="Distill">Weight, from 0 to 1, of the divergence from what the unpruned model predicts;
/// the cross-entropy has the rest.</param>
/// <param name="DistillTemperature">Both models' logits are divided by it before they are compared.</param>
/// <param name="Parent">Folder of the unpruned model to learn from; the experiment's model where absent.</param>
public sealed record FineTuneOptions(
    double LearningRate = 1e-5, double WarmupRatio = 0.03, int Epochs = 1, int? MaxSteps = null, int SamplesPerStep = 32, string Loss = "batch_mean", int MicroBatchSamples = 16, int MicroBatchTokens = 4096,
    string TrainOn = "answers", double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, double WeightDecay = 0, double ClipNorm = 1.0, bool Recompute = true, double Validation = 0, int SaveEvery = 50,
    double Distill = 0, double DistillTemperature = 1, string? Parent = null);

/// <summary>How models are asked.</summary>
/// <param name="Benchmarks">Folder of benchmark tables.</param>
/// <param name="Only">Names of the benchmarks to run; all that lie in the folder where absent.</param>
/// <param name="Limit">At most this many rows of each.</param>
/// <param name="Protocol">limited: 50 new tokens; cot: 16,384 (paper 4.2, 4.4).</param>
/// <param name="MaxNewTokens">Overrides the protocol's number.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Rules">Rule set of multiple-choice extraction: 2025-11 or 2026-08.</param>
/// <param name="Slots">Answers in flight at once.</param>
/// <param name="Sampling">greedy, or qwen: temperature 0.7, top-k 20, top-p 0.8, presence penalty 1.5,
/// a seed for each row from the run's seed.</param>
/// <param name="Overrides">What is different for single benchmarks, by their names.</param>
/// <param name="LatencySamples">Questions of each benchmark on which a matrix measures the time to the first token of the dense model and
/// of its <c>interlace</c> plans; 0 for none.</param>
/// <param name="Judge">none; endpoint: a model behind an OpenAI-compatible address; replay: recorded replies.</param>
/// <param name="JudgeEndpoint">The address, such as <c>https://api.openai.com/v1</c>.</param>
/// <param name="JudgeModel">The judge's model.</param>
/// <param name="JudgeKey">Name of the environment variable that holds the key; the key itself stands nowhere.</param>
/// <param name="JudgeReplies">Under replay, the file of replies.</param>
/// <param name="JudgeTimeout">Seconds that one call may take.</param>
/// <param name="JudgeCalls">Calls in flight at once.</param>
/// <param name="CheckBatching">Answers that are asked for once more, one at a time, where a batch may change a text (bf16, CUDA);
/// 0 for none.</param>
public sealed record EvaluationOptions(
    string? Benchmarks = null, string[]? Only = null, int? Limit = null, string Protocol = "limited", int? MaxNewTokens = null, string Prompts = "dataset", string Rules = "2025-11", int Slots = 16,
    string Sampling = "greedy", SortedDictionary<string, BenchmarkOverrides>? Overrides = null, int LatencySamples = 0,
    string Judge = "none", string? JudgeEndpoint = null, string? JudgeModel = null, string JudgeKey = "INTERLACE_JUDGE_KEY", string? JudgeReplies = null, double JudgeTimeout = 60, int JudgeCalls = 4,
    int CheckBatching = 64);

/// <summary>How one benchmark is asked, where that differs from the others; what is absent does not.</summary>
/// <param name="Limit">At most this many rows.</param>
/// <param name="MaxNewTokens">New tokens of an answer.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Sampling">greedy or qwen.</param>
public sealed record BenchmarkOverrides(int? Limit = null, int? MaxNewTokens = null, string? Prompts = null, string? Sampling = null);
