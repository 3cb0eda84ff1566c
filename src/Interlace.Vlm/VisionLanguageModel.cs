using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Families;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>
/// A vision-language model: X0 = Embed(batch), X(l+1) = f_l(X(l)), Logits(X(L)) (paper 3.1), put together of the parts of its family.
/// Everything that looks at, skips, repeats or times layers does it through the one loop of <see cref="Hidden(Batch, LayerCall?)"/>.
/// </summary>
public sealed class VisionLanguageModel : IDisposable
{
    /// <summary>What an observer of <see cref="Embed"/> is shown first of a batch with images: the vision encoder begins.</summary>
    public const string VisionBegins = "image_grid_thw";

    /// <summary>What it is shown when the vision encoder is done.</summary>
    public const string VisionEnds = "vision.merged";

    private readonly DecoderSpec _spec;
    private readonly Rope _rope;
    private readonly Rope? _slidingRope;
    private readonly Parameter _embedding;
    private readonly Linear? _head;
    private readonly RmsNorm _norm;
    private readonly VisionLanguageModel? _whole;     // of a model with some of its layers, whose weights these are

    private VisionLanguageModel(DecoderSpec spec, TensorNames names, bool hasHead, ParameterSource source,
        Func<int, ParameterSource> ofLayer, Device device)
    {
        (_spec, _rope, Device) = (spec, new(spec.Rope, device), device);
        if (spec.SlidingRope is { } sliding) _slidingRope = new(sliding, device);
        _embedding = source($"{names.Decoder}{TensorNames.Embedding}.weight", spec.VocabularySize, spec.HiddenSize);
        Layers = [.. Enumerable.Range(0, spec.LayerCount).Select(l => spec.NewLayer(ofLayer(l), $"{names.Decoder}layers.{l}", spec, l))];
        _norm = new(source, $"{names.Decoder}{TensorNames.Norm}", spec.HiddenSize, spec.NormEpsilon, spec.NormsPlusOne);
        _head = hasHead ? new(source, names.Head, spec.HiddenSize, spec.VocabularySize) : null;
    }

    private VisionLanguageModel(VisionLanguageModel whole, IReadOnlyList<int> kept)
    {
        (_spec, _rope, _slidingRope, _embedding, _head, _norm, Vision) =
            (whole._spec, whole._rope, whole._slidingRope, whole._embedding, whole._head, whole._norm, whole.Vision);
        (_whole, Device, ComputeType, Parameters, Cancellation) = (whole, whole.Device, whole.ComputeType, [], whole.Cancellation);
        Layers = [.. kept.Select(l => whole.Layers[l])];
    }

    /// <summary>The decoder layers, 0-based.</summary>
    public IReadOnlyList<IDecoderLayer> Layers { get; }

    /// <summary>All parameters; none of a model that shares those of another.</summary>
    public IReadOnlyList<Parameter> Parameters { get; private init; } = [];

    /// <summary>
    /// Those of the projector, which brings features of the vision tower to the decoder's width (Qwen: the mergers); none where the model
    /// reads text alone, and none of a model that shares those of another.
    /// </summary>
    public IReadOnlyList<Parameter> Projector { get; private init; } = [];

    /// <summary>Those that X0 is made with: the embedding and the vision encoder with its projector.</summary>
    public IReadOnlyList<Parameter> InputParameters => [_embedding, .. Vision?.Parameters ?? []];

    /// <summary>The vision encoder; null where the model reads text alone.</summary>
    public IVisionEncoder? Vision { get; private init; }

    /// <summary>
    /// Number of levels of visual features that are added by position behind the first decoder layers (0 outside Qwen3-VL).
    /// </summary>
    public int AddedLevels => Vision?.Levels ?? 0;

    /// <summary>Type of the computation.</summary>
    public ScalarType ComputeType { get; private init; }

    /// <summary>
    /// Calls off what the model is at work on: looked at between the parts of a decoder layer, between the blocks of the vision encoder,
    /// and within large products on a CPU.
    /// </summary>
    public CancellationToken Cancellation { get; private init; }

    /// <summary>Where it runs.</summary>
    public Device Device { get; }

    /// <summary>
    /// In how many parts a batch goes through the model at the same time (<see cref="SideBySide"/>): two on a CPU, whose threads share
    /// small operators badly; one where matrices are large, and parts would read each of them once more.
    /// </summary>
    public int Parts => Device.type == TorchSharp.DeviceType.CPU && !HasLargeProducts ? 2 : 1;

    private bool HasLargeProducts => Device.type == TorchSharp.DeviceType.CPU && Products.CutsLarge
        && Layers.Any(layer => layer.Linears.Any(linear => linear.Weight.Value.numel() >= NarrowWeights.SmallestWeight));

    /// <summary>Width D of the residual stream.</summary>
    public int HiddenSize => _spec.HiddenSize;

    /// <summary>Width d of a head of the decoder's attention.</summary>
    internal int HeadSize => _spec.HeadSize;

    /// <summary>What the feed-forward of a layer gives is added to the residual stream as it is, with nothing in between.</summary>
    public bool AddsFeedForwardAsItIs => _spec.AddsFeedForwardAsItIs;

    /// <summary>Rows of the output head.</summary>
    public int VocabularySize => _spec.VocabularySize;

    /// <summary>Refuses a conversation that is longer than the model can count.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <exception cref="InputException">It is too long.</exception>
    public void CheckLength(int tokens) => _rope.CheckLength(tokens);

    private Checkpoint? Weights { get; init; }   // keeps mapped weights alive

    /// <summary>
    /// Reads one of its weights from the checkpoint anew, in the type in which the model holds it. -> of the parameter's shape, the
    /// caller's; on a CPU where it lies in the mapped file, if it has that type there. To a GPU it goes without anybody waiting for it.
    /// </summary>
    public Tensor Read(Parameter parameter)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (file, entry) = Weights!.Find(parameter.Name);
        ScalarType held = ParameterSources.Held(entry.Type, entry.Shape, Device, ComputeType);
        return Upload.Of(ParameterSources.Load(file, entry, CPU, held), Device).DetachFromDisposeScope();
    }

    /// <summary>Builds a model of a configuration.</summary>
    /// <param name="family">Its family.</param>
    /// <param name="parts">The family's parts.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="tensors">
    /// Names of all tensors of the checkpoint; none where there is none: the configuration then decides about the head.
    /// </param>
    /// <param name="source">Gives the parameters, by the names of the checkpoint.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="type">Type of the computation.</param>
    /// <param name="weights">Where the parameters come from, disposed with the model; null where they come from elsewhere.</param>
    /// <param name="ofLayer">Gives those of a decoder layer by its 0-based index; <paramref name="source"/> does where absent.</param>
    /// <param name="cancellation">Calls off what the model is at work on.</param>
    /// <exception cref="InputException">The configuration or a tensor is wrong.</exception>
    internal static VisionLanguageModel Create(
        Family family, FamilyParts parts, ModelConfig config, IReadOnlyCollection<string> tensors, ParameterSource source,
        Device device, ScalarType type, Checkpoint? weights, Func<int, ParameterSource>? ofLayer = null,
        CancellationToken cancellation = default)
    {
        var (parameters, projector) = (new List<Parameter>(), new List<Parameter>());
        var inFile = family.Names.To(tensors);
        ParameterSource Own(ParameterSource from) => (name, shape) =>
        {
            Parameter parameter = from(inFile(name), shape);
            parameters.Add(parameter);
            if (family.Projector.Any(start => name.StartsWith(start, StringComparison.Ordinal))) projector.Add(parameter);
            return parameter;
        };
        ParameterSource own = Own(source);
        var spec = parts.Decoder(config);
        // A head that lies in the files is the model's, whatever the configuration says (transformers 5).
        bool hasHead = !spec.TiedHead || tensors.Contains(inFile($"{family.Names.Head}.weight"));
        return new(spec, family.Names, hasHead, own, l => ofLayer is null ? own : Own(ofLayer(l)), device)
        {
            Vision = parts.Vision?.Invoke(config, own, device), ComputeType = type, Parameters = parameters, Projector = projector,
            Weights = weights, Cancellation = cancellation,
        };
    }

    /// <summary>
    /// X0 = [V'; E]: token embeddings with the visual features in place, [N, D], and what the layers share. The caller disposes both.
    /// </summary>
    /// <param name="batch">The samples; it must live as long as the pass.</param>
    /// <param name="cache">Where keys and values are kept, or null.</param>
    /// <param name="observe">Is shown what the vision encoder shows, and <c>inputs_embeds</c>.</param>
    public (Tensor X, Pass Pass) Embed(Batch batch, CacheRows? cache = null, Observer? observe = null)
    {
        using var part = Profile.Of("embed");
        using var scope = NewDisposeScope();
        Tensor x = Embedded(batch.Ids);
        AddedFeatures? added = null;
        if (batch.Images.Count > 0)
        {
            using var vision = Profile.Of("vision encoder");
            // Whoever looks on wants each state of all images in one piece.
            var groups = observe is null ? ImageGroups.Of(batch.Images, ImageGroups.MostPixels(Device)) : [batch.Images];
            void Look(string part, Tensor value)
            {
                Cancellation.ThrowIfCancellationRequested();
                observe?.Invoke(part, value);
            }
            var features = Interruptible.Run(
                () => ImageGroups.Join([.. groups.Select(group => Vision!.Encode(group, ComputeType, Device, Look))]), Cancellation);
            long seen = features.Merged.shape[0], places = batch.VisualRows.shape[0];
            if (seen != places) throw new InvalidOperationException($"{seen} visual features for {places} image tokens");
            x = x.index_copy(0, batch.VisualRows, features.Merged);
            if (features.Levels.Count > 0)
                added = new(batch.VisualRows, [.. features.Levels.Select(level => level.MoveToOuterDisposeScope())]);
        }
        observe?.Invoke("inputs_embeds", x);
        return (x.MoveToOuterDisposeScope(), NewPass(batch, cache, added));
    }

    /// <summary>What the layers share in a pass over a batch whose embeddings are at hand.</summary>
    /// <param name="batch">The samples; their images are not looked at.</param>
    /// <param name="cache">Where keys and values are kept, or null.</param>
    /// <param name="added">Visual features that are added between layers, or null; freed with the pass.</param>
    /// <param name="observe">Sees what every linear layer of the decoder layers reads, or null.</param>
    /// <param name="observeFeedForward">Sees what the feed-forward of every decoder layer adds, or null.</param>
    public Pass NewPass(Batch batch, CacheRows? cache = null, AddedFeatures? added = null, LinearObserver? observe = null,
        FeedForwardObserver? observeFeedForward = null)
    {
        foreach (int length in batch.Lengths) _rope.CheckLength(length);
        PackedAttention Attention(int? window) =>
            PackedAttention.Create(batch.Lengths, KeyRanges.Of(batch, window, _spec.ImagesSeeThemselves), Device);
        return new PackedPass(Attention(window: null), _spec.SlidingWindow is { } window ? Attention(window) : null, cache)
        {
            Rotary = _rope.Of(batch.Positions, ComputeType), SlidingRotary = _slidingRope?.Of(batch.Positions, ComputeType),
            Added = added, Observe = observe, ObserveFeedForward = observeFeedForward, AttentionScale = _spec.AttentionScale,
            RowsAtOnce = HasLargeProducts ? RowBlocks.Few : RowBlocks.Rows, Cancellation = Cancellation,
        };
    }

    /// <summary>X0 [B, D] of one further token of each of B conversations at the given positions, and what the layers share.</summary>
    /// <param name="ids">[B] tokens.</param>
    /// <param name="positions">[B] their positions, the same along all axes.</param>
    /// <param name="lengths">[B] tokens that stand before them.</param>
    /// <param name="cache">Keys and values of those, conversation i in slot i; it has room for the new ones.</param>
    public (Tensor X, Pass Pass) EmbedStep(int[] ids, int[] positions, int[] lengths, KvCache cache)
    {
        using var scope = NewDisposeScope();
        foreach (int position in positions) _rope.CheckLength(position + 1);
        static long[] Wide(int[] numbers) => Array.ConvertAll(numbers, number => (long)number);
        long[] rows = [.. lengths.Select((length, slot) => (long)slot * cache.Capacity + length)];
        Tensor[] sent = Upload.Together(Device, Wide(ids), Wide(positions), Wide(lengths), rows);
        Tensor x = Embedded(sent[0]), at = sent[1].unsqueeze(0).expand(_spec.Rope.AxisCount, -1);
        var place = new CacheRows(cache, sent[3].MoveToOuterDisposeScope());
        Pass pass = FlashAttention.Serves(Device, ComputeType, _spec.HeadSize)
            ? new FlashStepPass(place, FlashAttention.OfSlots(sent[2].Plus(1), lengths.Max() + 1, cache.Capacity), _spec.SlidingWindow)
            {
                Rotary = _rope.Of(at, ComputeType), SlidingRotary = _slidingRope?.Of(at, ComputeType),
                AttentionScale = _spec.AttentionScale, Cancellation = Cancellation,
            }
            : MaskedStep(place, sent[2], lengths.Max() + 1, at);
        return (x.MoveToOuterDisposeScope(), pass);
    }

    /// <summary>A step whose queries are kept from what lies behind them, and before their window, by their scores.</summary>
    /// <param name="place">The cache, and the rows of the new keys.</param>
    /// <param name="lengths">[B] tokens that stand before each query.</param>
    /// <param name="longest">Keys of the longest conversation.</param>
    /// <param name="positions">[axes, B] positions of the queries.</param>
    private StepPass MaskedStep(CacheRows place, Tensor lengths, int longest, Tensor positions)
    {
        Tensor own = lengths.view(-1, 1, 1, 1), key = Arithmetic.Range(longest, Device).view(1, 1, 1, -1), later = key.gt(own);
        // In the type of the scores: the engine would turn truth values into these numbers again in every layer.
        // (-1e30 weighs exactly 0 after the softmax.)
        Tensor Mask(Tensor hidden) => hidden.to(ComputeType).Times(-1e30).DetachFromDisposeScope();
        Tensor? sliding = _spec.SlidingWindow is { } window ? Mask(later.logical_or(key.Plus(window).le(own))) : null;
        return new StepPass(place, Mask(later), sliding)
        {
            Rotary = _rope.Of(positions, ComputeType), SlidingRotary = _slidingRope?.Of(positions, ComputeType),
            AttentionScale = _spec.AttentionScale, Cancellation = Cancellation,
        };
    }

    /// <summary>What is added to the residual stream before layer l (l = L: before the head); the input itself where nothing is.</summary>
    public static Tensor Enter(int l, Tensor x, Pass pass)   // DeepStack: level l - 1 behind layer l - 1
    {
        if (l == 0 || pass.Added is not { } added || l > added.Levels.Count) return x;
        return x.PlusRows(added.Rows, added.Levels[l - 1]);
    }

    /// <summary>Final norm and head: [n, D] -> [n, vocabulary], in the type of the computation.</summary>
    public Tensor Logits(Tensor x)
    {
        using var part = Profile.Of("head");
        using var scope = NewDisposeScope();
        Tensor normed = _norm.Forward(x);
        Tensor logits = Interruptible.Run(() => _head?.Forward(normed) ?? Products.Linear(normed, _embedding.Value), Cancellation);
        return logits.MoveToOuterDisposeScope();
    }

    /// <summary>The final norm alone: [n, D] -> [n, D].</summary>
    public Tensor FinalNorm(Tensor x) => _norm.Forward(x);

    /// <summary>An empty cache for conversations in this many slots.</summary>
    public KvCache NewCache(int slots) => new(Layers.Count, slots, _spec.KeyHeadCount, _spec.HeadSize, ComputeType, Device);

    /// <summary>The same model with these layers alone, in this order, sharing all weights: what a pruned checkpoint computes.</summary>
    /// <param name="kept">0-based layers that stay.</param>
    public VisionLanguageModel Keep(IReadOnlyList<int> kept) => new(this, kept);

    /// <summary>
    /// Checks that the files that the model was opened from are what they were: asked before anything that was computed with them is kept.
    /// </summary>
    /// <exception cref="InputException">A file has changed, or is gone.</exception>
    public void CheckUnchanged()
    {
        _whole?.CheckUnchanged();
        Weights?.CheckUnchanged();
    }

    /// <summary>The residual stream after the last layer, [N, D]; the final norm belongs to <see cref="Logits"/>.</summary>
    public Tensor Hidden(Batch batch, LayerCall? run = null)
    {
        var (x, pass) = Embed(batch);                                 // X0 = [V'; E]
        using (pass) return Hidden(x, pass, run);
    }

    /// <summary>The loop over the layers from X0, which it frees.</summary>
    public Tensor Hidden(Tensor x, Pass pass, LayerCall? run = null)
    {
        run ??= static (_, layer, x) => layer(x);
        for (int l = 0; l < Layers.Count; l++)
        {
            Tensor input = Enter(l, x, pass).InPlaceOf(x);
            int index = l;
            x = run(l, Layer, input).InPlaceOf(input);   // X(l+1) = f(X(l))

            Tensor Layer(Tensor state)
            {
                using var part = Profile.Of("layer");
                return Interruptible.Run(() => Layers[index].Forward(state, pass, index), Cancellation);
            }
        }
        return Enter(Layers.Count, x, pass).InPlaceOf(x);
    }

    /// <summary>Frees the parameters; a model that shares another's frees nothing.</summary>
    public void Dispose()
    {
        if (_whole is not null) return;
        foreach (var parameter in Parameters) parameter.Dispose();
        Vision?.Dispose();
        _rope.Dispose();
        _slidingRope?.Dispose();
        Weights?.Dispose();
    }

    /// <summary>Embeddings [n, D] of tokens [n], in the type of the computation; what they are multiplied by has that type too.</summary>
    private Tensor Embedded(Tensor ids)
    {
        Tensor x = _embedding.Value.index_select(0, ids).to(ComputeType);
        return _spec.EmbeddingScale is { } scale ? x.mul(tensor((float)scale, device: Device).to(ComputeType)) : x;
    }
}
