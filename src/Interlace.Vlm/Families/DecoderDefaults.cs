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
    public int? VocabularySize { get; init; }
    public double NormEpsilon { get; init; } = 1e-6;
    public bool TiedHead { get; init; }
}
