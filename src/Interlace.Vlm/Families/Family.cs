using System.Text.Json.Nodes;

namespace Interlace.Vlm.Families;

/// <summary>
/// What is known of a family of models: how its files are laid out, which is all that pruning needs, and how it computes. One row of the
/// <see cref="FamilyTable"/>.
/// </summary>
/// <param name="ModelType">Its <c>model_type</c> in <c>config.json</c>.</param>
/// <param name="Names">What its tensors are called.</param>
internal sealed record Family(string ModelType, TensorNames Names)
{
    /// <summary>Where <c>config.json</c> describes the decoder.</summary>
    public DecoderPlace Place { get; init; } = DecoderPlace.Nested;

    /// <summary>
    /// From the decoder's part of the config and the number of layers: the attention types that readers derive from layer indices
    /// where the config lists none. Null where all layers are alike.
    /// </summary>
    public Func<JsonObject, int, string[]?> ImpliedLayerTypes { get; init; } = static (_, _) => null;

    /// <summary>Further keys that speak of layers by their index, and what becomes of them when layers go.</summary>
    public LayerKeys LayerKeys { get; init; } = LayerKeys.None;

    /// <summary>From the config: behind how many of the first decoder layers visual features are added, by position (DeepStack).</summary>
    public Func<JsonObject, int> AddedLevels { get; init; } = static _ => 0;

    /// <summary>
    /// What the names in memory of its projector's parameters begin with: the layers that bring features of the vision tower to the
    /// decoder's width, behind which nothing of the tower comes. None where the model reads text alone.
    /// </summary>
    public IReadOnlyList<string> Projector { get; init; } = [];

    /// <summary>How it is written as a GGUF file; null where it is not.</summary>
    public GgufForm? Gguf { get; init; }

    /// <summary>Why it is not, as the end of a sentence; null where that was only never done.</summary>
    public string? NoGguf { get; init; }

    /// <summary>How it computes; null for a family whose models can be pruned, but not run.</summary>
    public FamilyParts? Parts { get; init; }
}
