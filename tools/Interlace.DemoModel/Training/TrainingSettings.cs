namespace Interlace.DemoModel.Training;

/// <summary>A stretch of the training at one depth.</summary>
/// <param name="Layers">Decoder layers.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="Before">Steps of the whole model before it.</param>
public sealed record TrainingStage(int Layers, int Steps, int Before)
{
    /// <summary>In the first stage the vision tower stands still: the decoder's first gradients would spoil it, and a step is a third shorter.</summary>
    public bool IsFirst => Before == 0;
}

/// <summary>How the model is trained. All of it decides the result, but for the last two.</summary>
/// <param name="Seed">Of scenes and fresh weights.</param>
/// <param name="Shape">Sizes of the model.</param>
/// <param name="VisionSteps">Steps of the vision tower alone.</param>
/// <param name="VisionScenes">Scenes of such a step.</param>
/// <param name="VisionRate">Peak learning rate there.</param>
/// <param name="StepsOfDepths">Steps of the whole model at each depth; the last is the shape's, each before it has half the layers of the next.</param>
/// <param name="Scenes">Conversations of such a step, one a scene.</param>
/// <param name="Rate">Peak learning rate of embeddings, decoder and norms.</param>
/// <param name="EmbeddingShare">The share of it that the embeddings learn at in the first stage: what they have learnt is not to be lost.</param>
/// <param name="VisionShare">The share of it that the vision tower and the embeddings learn at from the second stage on.</param>
/// <param name="Warmup">Steps to the peak.</param>
/// <param name="WeightDecay">Of matrices; norms and biases have none.</param>
/// <param name="ClipNorm">Largest norm of all gradients together.</param>
/// <param name="MicroBatchTokens">Tokens computed at once.</param>
/// <param name="TokenizerScenes">Scenes whose texts the tokenizer is trained on.</param>
/// <param name="SaveEvery">Steps between saved states.</param>
/// <param name="ProbeEvery">Steps of the whole model between two times that it is asked the same questions.</param>
public sealed record TrainingSettings(
    long Seed, ModelShape Shape, int VisionSteps = 2200, int VisionScenes = 32, double VisionRate = 1.5e-3, int[]? StepsOfDepths = null, int Scenes = 16, double Rate = 3e-3, double EmbeddingShare = 0.1, double VisionShare = 0.3,
    int Warmup = 100, double WeightDecay = 0.02, double ClipNorm = 1, int MicroBatchTokens = 8192, int TokenizerScenes = 6000, int SaveEvery = 250, int ProbeEvery = 100)
{
    /// <summary>Steps of the whole model at each depth.</summary>
    public int[] Steps { get; } = StepsOfDepths ?? [6000, 1200, 1500];

    /// <summary>The depths one after the other.</summary>
    public List<TrainingStage> Stages => [.. Steps.Select((steps, i) => new TrainingStage(Shape.Layers >> (Steps.Length - 1 - i), steps, Steps[..i].Sum()))];

    /// <summary>Second decay rate of AdamW, below the usual one: training from nothing changes quickly.</summary>
    public const double Beta2 = 0.98;

    /// <summary>The rate of the 0-based step of a stage: a linear rise from its beginning, on half a cosine over all stages down to a part of the peak.</summary>
    public double RateAt(double peak, int step, int before, int steps, double floor) =>
        peak * Math.Min(1, (step + 1.0) / Math.Max(1, Math.Min(Warmup, steps))) * (floor + (1 - floor) * 0.5 * (1 + Math.Cos(Math.PI * (before + step) / steps)));
}
