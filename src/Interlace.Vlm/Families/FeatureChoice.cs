using System.Text.Json;

namespace Interlace.Vlm.Families;

/// <summary>Which states of a vision tower are an image's features.</summary>
/// <param name="Layer">
/// Index into the states: 0 before the first layer, l behind layer l - 1; below 0 from the end, so that -1 is behind the last and -2 behind
/// the last but one.
/// </param>
/// <param name="KeepsClassToken">Whether the token for the whole image is among them.</param>
/// <param name="File">Where it is said, for messages.</param>
internal sealed record FeatureChoice(int Layer, bool KeepsClassToken, string File)
{
    /// <summary>Reads <c>vision_feature_layer</c> and <c>vision_feature_select_strategy</c>.</summary>
    /// <param name="model">The model's configuration.</param>
    /// <param name="layer">Of a model that does not say.</param>
    /// <param name="strategy">Of a model that does not say: <c>default</c> or <c>full</c>.</param>
    /// <exception cref="InputException">A value is of a kind that is not supported.</exception>
    public static FeatureChoice Read(ModelConfig model, int layer, string strategy)
    {
        const string key = "vision_feature_layer";
        if (model.Root.Json[key]?.GetValueKind() == JsonValueKind.Array)
            throw new InputException($"{model.Root.File}: {key} is a list, and features of several layers together are not supported.");
        int chosen = model.Root.Int(key, ConfigSection.LargestCount, layer, least: -ConfigSection.LargestCount);
        return new(chosen, model.Root.OneOf("vision_feature_select_strategy", strategy, "default", "full") == "full", model.Root.File);
    }

    /// <summary>How many of a tower's layers are run.</summary>
    /// <exception cref="InputException">There is no such state.</exception>
    public int LayersOf(int depth)
    {
        int layers = Layer < 0 ? depth + 1 + Layer : Layer;
        return layers >= 0 && layers <= depth
            ? layers
            : throw new InputException($"{File}: vision_feature_layer is {Layer}, but the vision tower has {depth} layers.");
    }
}
