namespace Interlace.Vlm.Families;

/// <summary>
/// What a decoder is where its configuration does not say: the values of the library's class. Null where files always say.
/// </summary>
internal sealed record DecoderDefaults
{
    public int? HiddenSize { get; init; }
    public int? InnerSize { get; init; }
    public int? LayerCount { get; init; }
    public int? HeadCount { get; init; }
    public int? KeyHeadCount { get; init; }
    public int? HeadSize { get; init; }
    public int? VocabularySize { get; init; }
    public double NormEpsilon { get; init; } = 1e-6;
    public bool TiedHead { get; init; }

    /// <summary>The key that names the activation of the feed-forward, and the one that is meant without it.</summary>
    public (string Key, string Name) Activation { get; init; } = ("hidden_act", "silu");

    /// <summary>Whether layers may see a window: then the family reads what each of them sees.</summary>
    public bool Slides { get; init; }
}
