using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>What tuning will need, in bytes, before it starts.</summary>
/// <param name="Weights">All frozen weights as the model holds them; on a CPU those of the file's own type stay in the mapped file.</param>
/// <param name="Masters">The trained weights, their gradients and two optimiser states; where ranks share them, what the rank that has most
/// holds, and copies to compute with and gradients of the rest.</param>
/// <param name="Activations">Kept layer inputs, one layer at work (all of them without recomputation), a chunk of the head,
/// and the graph through the projector where that is trained.</param>
/// <param name="Parent">Under distillation: the unpruned model's weights, one of its layers at work, its chunk of the head where its
/// predictions are learnt from, its state behind every anchor, and one comparison of states in fp32.</param>
/// <param name="BytesPerWeight">What one trained weight takes of <paramref name="Masters"/>.</param>
/// <param name="Host">Moments that lie in the memory of the machine and not in that of the device.</param>
public sealed record MemoryEstimate(long Weights, long Masters, long Activations, long Parent = 0,
    double BytesPerWeight = AdamW.BytesPerWeight, long Host = 0)
{
    /// <summary>All of it on the device.</summary>
    public long Total => Weights + Masters + Activations + Parent;

    /// <summary>For a model whose tuned layers are known, and the unpruned model where one is learnt from.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tuned">What is trained.</param>
    /// <param name="options">How.</param>
    /// <param name="headRows">Rows of a chunk at the head.</param>
    /// <param name="parent">The unpruned model.</param>
    /// <param name="anchors">Layers behind which states are compared.</param>
    /// <param name="ranks">Ranks that tune together: the estimate is that of the one that needs most.</param>
    /// <param name="layerOwners">By layer the rank that holds its frozen weights, null where all do; null where nothing is shared.</param>
    public static MemoryEstimate For(VisionLanguageModel model, TrainedParameters tuned, FineTuneOptions options, int headRows = 512,
        VisionLanguageModel? parent = null, int anchors = 0, int ranks = 1,
        IReadOnlyList<int?>? layerOwners = null)
    {
        int size = SizeOf(model);
        bool offloadsLayers = options.Offload == FineTuneOptions.OffloadAll;
        long elsewhere = offloadsLayers ? InFile(model, KeptFrom(model, tuned, options))
            : Elsewhere(model, tuned, options, layerOwners, ranks);
        long weights = Frozen(model.Parameters) - elsewhere;
        int depth = tuned.Projector ? model.Layers.Count : model.Layers.Count - tuned.Layers.Min();
        long layer = LayerGraph(model, options.MicroBatchTokens, options.Lora);
        long states = (long)options.MicroBatchTokens * model.HiddenSize;
        long kept = depth * states * size;
        long projector = tuned.Projector ? options.MicroBatchTokens * RowWidths(model.Projector) * size : 0;
        // Logits and their gradient; on a GPU the engine makes them in fp32, and another such matrix.
        long head = (model.Device.type == DeviceType.CPU ? 2L * size : 3L * sizeof(float)) * headRows * model.VocabularySize;
        long parents = parent is null ? 0
            : Frozen(parent.Parameters) - (offloadsLayers ? InFile(parent, parent.Layers.Count) : 0);
        long learntFrom = parent is null ? 0 : parents + layer + (options.Distill > 0 ? head : 0)
            + anchors * states * size + (anchors > 0 ? 3 * states * sizeof(float) : 0);
        double masters = HeldBytes(tuned, options, size, ranks), host = 0;
        if (options.Offload != FineTuneOptions.OffloadNone && model.Device.type != DeviceType.CPU)
        {
            long own = options.Shard == FineTuneOptions.Unshared ? tuned.Count : Shares.Largest(tuned.Parameters, ranks);
            host = own * (options.IsLean ? LeanAdamW.MomentBytes : AdamW.MomentBytes);
        }
        double each = (masters - host) / tuned.Count;
        long activations = options.Objective == FineTuneOptions.WindowMse   // one layer with its graph, and no head
            ? layer + 2 * states * size + 3 * states * sizeof(float)
            : kept + (options.Recompute ? layer : depth * layer) + projector + head;
        return new(weights, (long)Math.Ceiling(masters - host), activations, learntFrom, each, (long)Math.Ceiling(host));
    }

    /// <summary>What the graph of a layer holds.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">Tokens of a batch.</param>
    /// <param name="lora">Rank of its adapters, 0 for none.</param>
    internal static long LayerGraph(VisionLanguageModel model, long tokens, int lora = 0)
    {
        long weights = model.Layers[0].Parameters.Sum(p => p.Value.numel());
        // About 18 D-wide and 4 inner-wide rows a token; the inner width follows from the number of weights.
        long inner = Math.Max(model.HiddenSize, weights / (3L * model.HiddenSize) - model.HiddenSize);
        return tokens * (18L * model.HiddenSize + 4 * inner + AdapterRows(model, lora)) * SizeOf(model);
    }

    private static int SizeOf(VisionLanguageModel model) => model.ComputeType == ScalarType.Float32 ? 4 : 2;

    /// <summary>Bytes of layers that the rank with most of them does not hold, less one that is run and one that is on its way.</summary>
    private static long Elsewhere(VisionLanguageModel model, TrainedParameters tuned, FineTuneOptions options,
        IReadOnlyList<int?>? owners, int ranks)
    {
        if (owners is null) return 0;
        int kept = KeptFrom(model, tuned, options);
        long[] layers = [.. model.Layers.Index().Where(l => owners[l.Index] is not null && l.Index < kept)
            .Select(l => Frozen(l.Item.Parameters))];
        int others = layers.Length - (layers.Length + ranks - 1) / ranks;
        return Math.Max(0, others - 2) * layers.DefaultIfEmpty(0).Max();
    }

    /// <summary>Bytes of frozen weights of layers that stay in the file, less one that is run and one that is on its way.</summary>
    private static long InFile(VisionLanguageModel model, int keptFrom)
    {
        long[] layers = [.. model.Layers.Take(keptFrom).Select(layer => Frozen(layer.Parameters)).OrderDescending()];
        return layers.Skip(2).Sum();
    }

    /// <summary>The lowest layer whose graph is kept, and with it the weights that it needs.</summary>
    private static int KeptFrom(VisionLanguageModel model, TrainedParameters tuned, FineTuneOptions options) =>
        options.Recompute ? model.Layers.Count : tuned.Projector ? 0 : tuned.Layers.Min();

    /// <summary>Bytes of the frozen ones.</summary>
    private static long Frozen(IEnumerable<Parameter> parameters) =>
        parameters.Sum(p => p.IsTrainable ? 0 : p.Value.numel() * p.Value.ElementSize);

    private static double HeldBytes(TrainedParameters tuned, FineTuneOptions options, int computeSize, int ranks)
    {
        double held = options.IsLean ? LeanAdamW.BytesPerWeight : AdamW.BytesPerWeight;
        if (options.Shard == FineTuneOptions.Unshared || ranks == 1) return held * tuned.Count;
        int copied = options.IsLean ? 2 + 2 : computeSize + sizeof(float);   // a copy to compute with, and a gradient
        long own = Shares.Largest(tuned.Parameters, ranks);
        return held * own + copied * (tuned.Count - own);
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
            + $"{(Parent > 0 ? $", {In(Parent)} the unpruned model" : "")}){(Host > 0 ? $", and {In(Host)} {unit} of the machine's" : "")}";
    }
}
