using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>What a family's <c>config.json</c> says of its decoder: sizes, and which of the optional parts its layers have.</summary>
internal sealed record DecoderSpec
{
    /// <summary>Width D of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the feed-forward.</summary>
    public required int InnerSize { get; init; }

    /// <summary>Number of layers L.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Number H of query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Number G of key heads; it divides H.</summary>
    public required int KeyHeadCount { get; init; }

    /// <summary>Width d of a head; even.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Rows of embedding and head.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Of all its norms.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>How positions turn queries and keys.</summary>
    public required RopeSpec Rope { get; init; }

    /// <summary>How they do in layers that see a window; as in the others where absent.</summary>
    public RopeSpec? SlidingRope { get; init; }

    /// <summary>Keys up to its own that a token of a layer with a window sees; null where no layer has one.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Visual tokens that stand together see each other in both directions, as far as a window lets them.</summary>
    public bool ImagesSeeThemselves { get; init; }

    /// <summary>The weights of norms are what their factors have above 1.</summary>
    public bool NormsPlusOne { get; init; }

    /// <summary>What embeddings of tokens are multiplied by, those of images left out; 1 where absent.</summary>
    public double? EmbeddingScale { get; init; }

    /// <summary>The head is the embedding.</summary>
    public required bool TiedHead { get; init; }

    /// <summary>Queries, keys and values have a bias.</summary>
    public bool InputBias { get; init; }

    /// <summary>What attention gives has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>The linear layers of the feed-forward have a bias.</summary>
    public bool InnerBias { get; init; }

    /// <summary>Each head of queries and keys is normed.</summary>
    public bool HeadNorms { get; init; }

    /// <summary>What the attention scores are multiplied by; 1 / sqrt(d) where absent.</summary>
    public double? AttentionScale { get; init; }

    /// <summary>Of the feed-forward.</summary>
    public required Func<Tensor, Tensor> Activation { get; init; }

    /// <summary>
    /// What the feed-forward gives is added to the residual stream as it is. False for layers in which something stands between the two,
    /// such as Gemma 3's second norm: a matrix behind the feed-forward is then not one that its last weights could take up.
    /// </summary>
    public bool AddsFeedForwardAsItIs { get; init; } = true;

    /// <summary>Makes a layer: from a source of its parameters, what their names begin with, this description, its 0-based index.</summary>
    public Func<ParameterSource, string, DecoderSpec, int, IDecoderLayer> NewLayer { get; init; } =
        static (source, name, spec, _) => new DecoderLayer(source, name, spec);
}
