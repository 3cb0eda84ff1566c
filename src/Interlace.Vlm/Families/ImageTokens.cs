namespace Interlace.Vlm.Families;

/// <summary>The id of a visual token in <c>config.json</c>, under its newer or older name.</summary>
internal static class ImageTokens
{
    /// <summary>The id.</summary>
    /// <exception cref="InputException">It is absent or no id.</exception>
    public static int Of(ModelConfig config) =>
        config.Root.Int(config.Root.Has("image_token_id") ? "image_token_id" : "image_token_index", int.MaxValue, least: 0);
}
