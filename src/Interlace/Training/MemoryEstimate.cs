using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>What tuning will need, in bytes, before it starts.</summary>
/// <param name="Weights">All weights in the type of the computation; on a CPU those of the file's own type stay in the mapped file.</param>
/// <param name="Masters">The trained weights, their gradients and two optimiser states.</param>
/// <param name="Activations">Kept layer inputs, one layer at work (all of them without recomputation), a chunk of the head,
/// and the graph through the projector where that is trained.</param>
/// <param name="Parent">Under distillation: the unpruned model's weights, one of its layers at work, its chunk of the head where its
/// predictions are learnt from, its state behind every anchor, and one comparison of states in fp32.</param>
/// <param name="BytesPerWeight">What one trained weight takes of <paramref name="Masters"/>.</param>
public sealed record MemoryEstimate(long Weights, long Masters, long Activations, long Parent = 0,
    double BytesPerWeight = AdamW.BytesPerWeight)
{
    /// <summary>All of it.</summary>
    public long Total => Weights + Masters + Activations + Parent;

    /// <summary>For a model whose tuned layers are known, and the unpruned model where one is learnt from.</summary>
    public static MemoryEstimate For(VisionLanguageModel model, TrainedParameters tuned, FineTuneOptions options, int headRows = 512,
        VisionLanguageModel? parent = null, int anchors = 0)
    {
        int size = model.ComputeType == ScalarType.Float32 ? 4 : 2;
        long weights = model.Parameters.Sum(p => p.IsTrainable ? 0 : p.Value.numel() * size);
        int depth = tuned.Projector ? model.Layers.Count : model.Layers.Count - tuned.Layers.Min();
        long layerWeights = model.Layers[0].Parameters.Sum(p => p.Value.numel());
        // A layer's graph holds about 18 D-wide and 4 inner-wide rows a token; the inner width follows from the number of weights.
        long inner = Math.Max(model.HiddenSize, layerWeights / (3L * model.HiddenSize) - model.HiddenSize);
        long layer = options.MicroBatchTokens * (18L * model.HiddenSize + 4 * inner + AdapterRows(model, options.Lora)) * size;
        long states = (long)options.MicroBatchTokens * model.HiddenSize;
        long kept = depth * states * size;
        long projector = tuned.Projector ? options.MicroBatchTokens * RowWidths(model.Projector) * size : 0;
        long head = 3L * headRows * model.VocabularySize * 4;
        long learntFrom = parent is null ? 0 : parent.Parameters.Sum(p => p.Value.numel() * size) + layer + (options.Distill > 0 ? head : 0)
            + anchors * states * size + (anchors > 0 ? 3 * states * sizeof(float) : 0);
        if (options.Objective == FineTuneOptions.WindowMse)   // one layer with its graph, and no head
            return new(weights, 16 * tuned.Count, layer + 2 * states * size + 3 * states * sizeof(float), learntFrom);
        double bytes = options.IsLean ? LeanAdamW.BytesPerWeight : AdamW.BytesPerWeight;
        long activations = kept + (options.Recompute ? layer : depth * layer) + projector + head;
        return new(weights, (long)Math.Ceiling(bytes * tuned.Count), activations, learntFrom, bytes);
    }

    /// <summary>Numbers a token that the graph through a layer's adapters holds: what the first half of each gives.</summary>
    private static long AdapterRows(VisionLanguageModel model, int rank) => (long)rank * model.Layers[0].Linears.Count;

    /// <summary>Numbers a token that the graph through linear layers holds: what each reads and gives.</summary>
    private static long RowWidths(IReadOnlyList<Parameter> parameters) =>
        parameters.Where(p => p.Value.dim() == 2).Sum(p => p.Value.shape[0] + p.Value.shape[1]);

    /// <inheritdoc/>
    public override string ToString()
    {
        var (unit, size, format) = Total < 1_000_000_000 ? ("MB", 1e6, "0") : ("GB", 1e9, "0.0");
        string In(long bytes) => (bytes / size).ToString(format);
        return $"{In(Total)} {unit} of memory ({In(Weights)} weights, {In(Masters)} trained weights, gradients and optimiser at "
            + $"{BytesPerWeight:0.##} bytes a weight, {In(Activations)} activations"
            + $"{(Parent > 0 ? $", {In(Parent)} the unpruned model" : "")})";
    }
}
