using System.Text.Json.Nodes;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Vlm.Qwen3VL;

/// <summary>
/// Qwen3-VL (dense): the vision tower's tokens take the places of the image tokens, and its DeepStack features are added to them after the first decoder layers.
/// </summary>
internal sealed class Model : VisionLanguageModel
{
    private const string Text = "model.language_model", Visual = "model.visual";

    private readonly Config _config;
    private readonly Parameter _embedding;
    private readonly Linear? _head;
    private readonly RmsNorm _norm;
    private readonly VisionTower _vision;
    private readonly TextRotary _rotary;
    private readonly IReadOnlyList<DecoderLayer> _layers;
    private readonly List<Parameter> _parameters = [];
    private readonly Checkpoint? _weights;   // keeps mapped weights alive
    private readonly Model? _parent;   // of a model with some of its layers, whose weights these are

    private Model(Config config, ParameterSource source, IReadOnlyList<double> mean, IReadOnlyList<double> deviation, Device device,
        Checkpoint? weights)
    {
        ParameterSource own = (name, shape) =>
        {
            _parameters.Add(source(name, shape));
            return _parameters[^1];
        };
        (_config, _weights) = (config, weights);
        _embedding = own($"{Text}.embed_tokens.weight", config.Text.VocabularySize, config.Text.HiddenSize);
        _layers = [.. Enumerable.Range(0, config.Text.LayerCount).Select(l => new DecoderLayer(own, $"{Text}.layers.{l}", config.Text))];
        _norm = new(own, $"{Text}.norm", config.Text.HiddenSize, config.Text.NormEpsilon);
        _head = config.TiedHead ? null : new(own, "lm_head", config.Text.HiddenSize, config.Text.VocabularySize);
        _vision = new(own, Visual, config.Vision, mean, deviation, device);
        _rotary = new(config.Text, device);
    }

    private Model(Model parent, IReadOnlyList<int> kept)
    {
        (_config, _parent) = (parent._config, parent);
        (_embedding, _head, _norm, _vision, _rotary) = (parent._embedding, parent._head, parent._norm, parent._vision, parent._rotary);
        _layers = [.. kept.Select(l => parent._layers[l])];
    }

    /// <summary>Builds the model from a configuration and a source of parameters.</summary>
    /// <param name="json"><c>config.json</c>.</param>
    /// <param name="path">Where it came from, for messages.</param>
    /// <param name="source">Gives the parameters.</param>
    /// <param name="folder">The model folder: mean and deviation of the pixels stand in its processor settings.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="type">Type of the computation.</param>
    /// <param name="weights">Where the parameters come from, disposed with the model; null where they come from elsewhere.</param>
    /// <exception cref="InputException">The configuration or a tensor is wrong.</exception>
    public static Model Create(JsonObject json, string path, ParameterSource source, string folder, Device device, ScalarType type,
        Checkpoint? weights)
    {
        var pixels = ProcessorSettings.Load(folder);
        return new(Config.Parse(json, path), source, pixels.Mean, pixels.Std, device, weights) { ComputeType = type, Device = device };
    }

    public override IReadOnlyList<IDecoderLayer> Layers => _layers;
    public override IReadOnlyList<Parameter> Parameters => _parameters;
    public override int VisualLevels => _config.Vision.DeepStackBlocks.Length;
    public override int HiddenSize => _config.Text.HiddenSize;
    public override int VocabularySize => _config.Text.VocabularySize;

    /// <summary>The vision tower, for whoever uses it alone.</summary>
    public VisionTower Vision => _vision;

    public override (Tensor X, LayerInputs Inputs) Embed(Batch batch, CacheUse? cache = null, Observer? observe = null)
    {
        using var scope = NewDisposeScope();
        Tensor x = _embedding.Value.index_select(0, batch.Ids).to(ComputeType);
        (Tensor, IReadOnlyList<Tensor>)? visual = null;
        if (batch.Images.Count > 0)
        {
            var (merged, levels) = _vision.Run(batch.Images, ComputeType, Device, observe);
            if (merged.shape[0] != batch.VisualRows.shape[0]) throw new InvalidOperationException($"{merged.shape[0]} visual features for {batch.VisualRows.shape[0]} image tokens");
            x = x.index_copy(0, batch.VisualRows, merged);
            visual = (batch.VisualRows, [.. levels.Select(level => level.MoveToOuterDisposeScope())]);
        }
        observe?.Invoke("inputs_embeds", x);
        return (x.MoveToOuterDisposeScope(), new LayerInputs
        {
            Rotary = MoveOut(_rotary.Run(batch.Positions, ComputeType)),
            Attention = PackedAttention.Create(batch.Lengths, causal: true, Device),
            Cache = cache,
            Visual = visual,
        });
    }

    public override (Tensor X, LayerInputs Inputs) EmbedStep(int[] ids, int[] positions, CacheUse cache)
    {
        using var scope = NewDisposeScope();
        Tensor x = _embedding.Value.index_select(0, tensor(Array.ConvertAll(ids, id => (long)id), device: Device)).to(ComputeType);
        Tensor at = tensor(Array.ConvertAll(positions, p => (long)p), device: Device).unsqueeze(0).expand(3, -1);   // text: the same along all axes
        return (x.MoveToOuterDisposeScope(), new LayerInputs { Rotary = MoveOut(_rotary.Run(at, ComputeType)), Cache = cache });
    }

    public override Tensor Enter(int l, Tensor x, LayerInputs inputs)   // DeepStack: level l - 1 after layer l - 1
    {
        if (l == 0 || inputs.Visual is not { } visual || l > visual.Levels.Count) return x;
        return x.PlusRows(visual.Rows, visual.Levels[l - 1]);
    }

    public override Tensor FinalNorm(Tensor x) => _norm.Run(x);

    public override Tensor Logits(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor normed = _norm.Run(x);
        return (_head is null ? nn.functional.linear(normed, _embedding.As(x.dtype)) : _head.Run(normed)).MoveToOuterDisposeScope();
    }

    public override KvCache NewCache(int slots) => new(_layers.Count, slots, _config.Text.KeyHeadCount, _config.Text.HeadSize, ComputeType, Device);

    public override VisionLanguageModel Keep(IReadOnlyList<int> kept) => new Model(this, kept) { ComputeType = ComputeType, Device = Device };

    public override void CheckUnchanged()
    {
        _parent?.CheckUnchanged();
        _weights?.CheckUnchanged();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (_parameters.Count > 0)   // else they are those of the model it was made from
        {
            _vision.Dispose();
            _rotary.Dispose();
        }
        _weights?.Dispose();
    }

    private static Rotary MoveOut(Rotary rotary)
    {
        rotary.Cos.MoveToOuterDisposeScope();
        rotary.Sin.MoveToOuterDisposeScope();
        return rotary;
    }
}
