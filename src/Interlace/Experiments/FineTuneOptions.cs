namespace Interlace.Experiments;

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
/// <param name="TrainOn">answers, with the token that closes each; text: every text token, those of plain texts too;
/// assistant: what follows each <c>assistant</c> up to the next <c>&lt;|im_end|&gt;</c> and the token behind it,
/// as QwenLM's training script has it;
/// assistant_strict: the same only where <c>&lt;|im_start|&gt;</c> stands before it.</param>
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
/// <param name="MinPixels">Smaller images are enlarged to so many pixels, in place of the model's own bound.</param>
/// <param name="MaxPixels">Lowers the bound on the pixels of an image while tuning; data.max_pixels where absent.</param>
/// <param name="StripTexts">User texts are stripped at both ends, where they meet an image too.</param>
/// <param name="Roles">named: as the data names them; two: every role but the user's is the assistant's, and so trained on.</param>
/// <param name="Failing">A sample that cannot be used is left out (skip), or replaced by the next one of the data (next),
/// and where that fails too the tuning ends.</param>
/// <param name="Train">What is trained: tune, the plan's tune layers; projector, what brings images to the decoder's width
/// (Qwen: the mergers); tune+projector, both; all-kept, every decoder layer that was kept.</param>
/// <param name="DistillHidden">Weight of the mean squared difference between the states behind the plan's anchors and the unpruned model's
/// behind the same layers, added to the loss: the mean over anchors, over all tokens of the step (of each micro-batch under
/// micro_batch_mean) and over the elements of a state. Anchors are the frozen third layers of the plan's triplets; where it has none,
/// the trained layers.</param>
/// <param name="Objective">language: the loss of the model's predictions; window-mse: the mean squared difference, over tokens and
/// elements, between what the plan's one tuned layer gives and what leaves, in the unpruned model, the window that it stands for.</param>
/// <param name="Lora">Rank of adapters on the linear layers of the trained decoder layers, which then stay as they are; merged into their
/// weights at the end. 0 for none. A projector is trained in full beside them.</param>
/// <param name="LoraAlpha">The change of a weight is this, divided by the rank, times the product of its adapter; 2 x the rank where
/// absent.</param>
/// <param name="OptimizerMemory">full: trained weights, gradients and AdamW's moments in fp32, 16 bytes a weight; lean: weights and
/// gradients in bf16, rounded by chance, and moments in 8 bits by blocks of 256, 6 bytes a weight.</param>
/// <param name="LogTo">none: the log of the tuning is <c>train.jsonl</c> alone; tensorboard: an event file beside it too.</param>
/// <param name="KeepActivations">none: where layers are run again, all of them are; free: the activations of as many layers, from the top,
/// are kept as there is free memory for, and only the others are run again.</param>
/// <param name="Shard">What several ranks hold one share each of, and not all of them everything. none: nothing; optimizer: fp32 masters,
/// their summed gradients and AdamW's moments; all: frozen decoder layers too, each of which goes to the others while they run it. No
/// result depends on it.</param>
/// <param name="Offload">What lies outside a GPU's memory and comes to it when it is needed. none: nothing; optimizer: AdamW's moments, in
/// the memory of the machine; all: frozen decoder layers too, which stay in the mapped file (on a CPU as well, where those of another type
/// than the computation's are then converted one at a time). No result depends on it.</param>
public sealed record FineTuneOptions(
    double LearningRate = 1e-5, double WarmupRatio = 0.03, int Epochs = 1, int? MaxSteps = null, int SamplesPerStep = 32,
        string Loss = "batch_mean", int MicroBatchSamples = 16, int MicroBatchTokens = 4096,
    string TrainOn = "answers", double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, double WeightDecay = 0,
        double ClipNorm = 1.0, bool Recompute = true, double Validation = 0, int SaveEvery = 50,
    double Distill = 0, double DistillTemperature = 1, string? Parent = null,
    [property: LaterOption] int? MinPixels = null, [property: LaterOption] int? MaxPixels = null,
    [property: LaterOption] bool StripTexts = false, [property: LaterOption] string Roles = "named",
    [property: LaterOption] string Failing = "skip",
    [property: LaterOption] string Train = FineTuneOptions.Tune, [property: LaterOption] double DistillHidden = 0,
    [property: LaterOption] string Objective = FineTuneOptions.Language,
    [property: LaterOption] int Lora = 0, [property: LaterOption] double? LoraAlpha = null,
    [property: LaterOption] string OptimizerMemory = FineTuneOptions.Full,
    [property: LaterOption] string LogTo = FineTuneOptions.LogAlone,
    [property: LaterOption] string Shard = FineTuneOptions.Unshared,
    [property: LaterOption] string KeepActivations = FineTuneOptions.KeepNone,
    [property: LaterOption] string Offload = FineTuneOptions.OffloadNone)
{
    /// <summary>The plan's tune layers are trained.</summary>
    internal const string Tune = "tune";

    /// <summary>The projector alone is trained.</summary>
    internal const string Projector = "projector";

    /// <summary>The plan's tune layers and the projector are trained.</summary>
    internal const string TuneAndProjector = "tune+projector";

    /// <summary>Every decoder layer that was kept is trained.</summary>
    internal const string AllKept = "all-kept";

    /// <summary>The loss of the model's predictions is made least.</summary>
    internal const string Language = "language";

    /// <summary>A layer is fitted to the window that it stands for.</summary>
    internal const string WindowMse = "window-mse";

    /// <summary>The unpruned model is learnt from.</summary>
    internal bool LearnsFromParent => Distill > 0 || DistillHidden > 0 || Objective == WindowMse;

    /// <summary>Plain texts are of use: all text is trained on, or what is trained on is no text.</summary>
    internal bool TakesTexts => TrainOn == "text" || Objective == WindowMse;

    /// <summary>The optimiser holds everything in fp32.</summary>
    internal const string Full = "full";

    /// <summary>The optimiser holds weights in bf16 and moments in 8 bits.</summary>
    internal const string Lean = "lean";

    /// <summary>Weights are held in bf16 and moments in 8 bits.</summary>
    internal bool IsLean => OptimizerMemory == Lean;

    /// <summary>The log is <c>train.jsonl</c> alone.</summary>
    internal const string LogAlone = "none";

    /// <summary>An event file stands beside it.</summary>
    internal const string TensorBoard = "tensorboard";

    /// <summary>Every rank holds everything.</summary>
    internal const string Unshared = "none";

    /// <summary>Ranks share what the optimiser holds.</summary>
    internal const string ShareOptimizer = "optimizer";

    /// <summary>Ranks share frozen decoder layers too.</summary>
    internal const string ShareAll = "all";

    /// <summary>Every layer is run again.</summary>
    internal const string KeepNone = "none";

    /// <summary>Layers are kept as long as there is memory.</summary>
    internal const string KeepFree = "free";

    /// <summary>Everything lies on the device.</summary>
    internal const string OffloadNone = "none";

    /// <summary>Moments lie in the memory of the machine.</summary>
    internal const string OffloadOptimizer = "optimizer";

    /// <summary>Frozen layers stay in the file besides.</summary>
    internal const string OffloadAll = "all";

    /// <summary>The projector is trained, alone or with layers.</summary>
    internal bool TrainsProjector => Train is Projector or TuneAndProjector;
}
