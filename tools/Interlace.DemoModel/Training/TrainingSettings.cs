namespace Interlace.DemoModel.Training;

/// <summary>How the model is trained. All of it decides the result, but for the last two.</summary>
/// <param name="Seed">Of scenes and fresh weights.</param>
/// <param name="Shape">Sizes of the model.</param>
/// <param name="VisionSteps">Steps of the vision tower alone.</param>
/// <param name="VisionScenes">Scenes of such a step.</param>
/// <param name="VisionRate">Peak learning rate there.</param>
/// <param name="Steps">Steps of the whole model.</param>
/// <param name="Scenes">Conversations of such a step, one a scene.</param>
/// <param name="Rate">Peak learning rate of the decoder and the output layer.</param>
/// <param name="EmbeddingShare">The share of it that the embeddings learn at: what they have learnt with the tower is not to be lost.</param>
/// <param name="Warmup">Steps to the peak.</param>
/// <param name="WeightDecay">Of matrices; norms and biases have none.</param>
/// <param name="ClipNorm">Largest norm of all gradients together.</param>
/// <param name="MicroBatchTokens">Tokens computed at once.</param>
/// <param name="TokenizerScenes">Scenes whose texts the tokenizer is trained on.</param>
/// <param name="SaveEvery">Steps between saved states.</param>
/// <param name="ProbeEvery">Steps of the whole model between two times that it is asked the same questions.</param>
public sealed record TrainingSettings(
    long Seed, ModelShape Shape, int VisionSteps = 4500, int VisionScenes = 32, double VisionRate = 1.5e-3, int Steps = 6000, int Scenes = 16, double Rate = 3e-3, double EmbeddingShare = 0.1,
    int Warmup = 100, double WeightDecay = 0.02, double ClipNorm = 1, int MicroBatchTokens = 8192, int TokenizerScenes = 6000, int SaveEvery = 250, int ProbeEvery = 100)
{
    /// <summary>Second decay rate of AdamW, below the usual one: training from nothing changes quickly.</summary>
    public const double Beta2 = 0.98;

    /// <summary>The rate of the 0-based step of so many: a linear rise, then half a cosine down to a part of the peak.</summary>
    public double RateAt(double peak, int step, int steps, double floor) =>
        peak * Math.Min(1, (step + 1.0) / Math.Max(1, Math.Min(Warmup, steps))) * (floor + (1 - floor) * 0.5 * (1 + Math.Cos(Math.PI * step / steps)));
}
