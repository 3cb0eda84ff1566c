using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Families;

/// <summary>A decoder and its tokenizer as the keys and names of a GGUF file.</summary>
internal sealed class GgufDecoder
{
    private readonly ModelConfig _config;
    private readonly DecoderSpec _spec;
    private readonly int _levels;

    /// <summary>Reads a model's configuration.</summary>
    /// <exception cref="InputException">It is wrong, or asks for what such a file cannot say.</exception>
    public GgufDecoder(Family family, ModelConfig config)
    {
        _config = config;
        _spec = family.Parts!.Decoder(config);
        _levels = family.AddedLevels(config.Root.Json);
        Architecture = GgufArchitecture.Written.Single(known => known.Name == family.Gguf!.Architecture);
        Sizes = new(_spec.HiddenSize, _spec.InnerSize, _spec.LayerCount, _spec.HeadCount, _spec.KeyHeadCount, _spec.HeadSize,
            _spec.VocabularySize);
        var parts = Parts(_spec);
        if ((parts & ~(Architecture.Parts | Architecture.Optional)) is not GgufNames.Part.None and var other)
            throw Refused($"its layers have {Describe(other)}");
        if (!_spec.Activation.Equals(Blocks.Activation.Find("silu"))) throw Refused("the activation of its feed-forward is not silu");
        if (_levels > Sizes.Layers)
            throw Refused($"it adds visual features behind {_levels} layers and has {Sizes.Layers}");
        Names = [.. GgufNames.Of(Sizes, parts, family.Names.Decoder)];
        HasHead = parts.HasFlag(GgufNames.Part.Head);
        RopeFactors = GgufRope.Factors(config.Text, _spec.Rope);
    }

    /// <summary>The architecture of the file.</summary>
    public GgufArchitecture Architecture { get; }

    /// <summary>The decoder's sizes.</summary>
    public GgufSizes Sizes { get; }

    /// <summary>The tensors, by their names in the file and in memory.</summary>
    public IReadOnlyList<GgufName> Names { get; }

    /// <summary>Whether the output matrix is not the embedding.</summary>
    public bool HasHead { get; }

    /// <summary>What rotary frequencies are divided by; null where the file has no such tensor.</summary>
    public float[]? RopeFactors { get; }

    /// <summary>The family of a model that can be exported.</summary>
    /// <exception cref="InputException">It cannot.</exception>
    public static Family FamilyOf(ModelConfig config)
    {
        var family = FamilyTable.Find(config.Root.Json);
        if (family is { Gguf: not null })
        {
            FamilyTable.Runnable(config);   // refuses quantised weights
            return family;
        }
        throw new InputException($"{config.Folder} holds a model of type '{config.Root.Json["model_type"]}', which is not exported to GGUF"
            + (family?.NoGguf is { } reason ? $": {reason}." : $" ({string.Join(", ", GgufExport.ModelTypes)} are)."));
    }

    /// <summary>Whether a tensor holds nothing that readers do not compute themselves.</summary>
    public static bool IsMadeAgain(string name) => name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal);

    /// <summary>The keys behind the general ones.</summary>
    /// <exception cref="InputException">Positions or tokenizer cannot be said in such a file.</exception>
    public IEnumerable<GgufEntry> Keys()
    {
        foreach (var entry in GgufSampling.Keys(_config.Folder)) yield return entry;
        string prefix = Architecture.Name + ".";
        yield return new(prefix + "block_count", (uint)Sizes.Layers);
        yield return new(prefix + "context_length", (uint)_config.Text.Int("max_position_embeddings", int.MaxValue, 32_768));
        yield return new(prefix + "embedding_length", (uint)Sizes.Hidden);
        yield return new(prefix + "feed_forward_length", (uint)Sizes.Inner);
        yield return new(prefix + "attention.head_count", (uint)Sizes.Heads);
        yield return new(prefix + "attention.head_count_kv", (uint)Sizes.KeyHeads);
        yield return new(prefix + "attention.key_length", (uint)Sizes.HeadSize);
        yield return new(prefix + "attention.value_length", (uint)Sizes.HeadSize);
        yield return new(prefix + "attention.layer_norm_rms_epsilon", (float)_spec.NormEpsilon);
        if (Architecture.IsPermuted) yield return new(prefix + "vocab_size", (uint)Sizes.Vocabulary);
        foreach (var entry in GgufRope.Keys(_config.Text, _spec.Rope, Architecture)) yield return entry;
        if (_levels > 0) yield return new(prefix + "n_deepstack_layers", (uint)_levels);
        foreach (var entry in GgufVocabulary.Keys(_config, Sizes.Vocabulary)) yield return entry;
    }

    private static GgufNames.Part Parts(DecoderSpec spec) =>
        (spec.TiedHead ? 0 : GgufNames.Part.Head) | (spec.InputBias ? GgufNames.Part.InputBias : 0)
        | (spec.OutputBias ? GgufNames.Part.OutputBias : 0) | (spec.InnerBias ? GgufNames.Part.InnerBias : 0)
        | (spec.HeadNorms ? GgufNames.Part.HeadNorms : 0);

    private static string Describe(GgufNames.Part part) =>
        part.HasFlag(GgufNames.Part.HeadNorms) ? "norms of heads" : "biases that others of its kind have not";

    private InputException Refused(string why) =>
        new($"{_config.Folder} cannot be said in a GGUF file of architecture {Architecture.Name}, because {why}: it is not exported.");
}
