using Interlace.Vlm.Families.Clip;

namespace Interlace.Vlm.Families.SmolVLM;

/// <summary>The vision tower's sizes, and how many of its features along a side become one token.</summary>
/// <param name="Tower">Sizes of the tower, which is of the kind of SigLIP.</param>
/// <param name="Shuffle">Features along a side of the square that becomes one token.</param>
internal sealed record SmolConfig(ClipConfig Tower, int Shuffle)
{
    /// <summary>Tokens of a tile.</summary>
    public int TokensPerTile => Tower.Grid / Shuffle * (Tower.Grid / Shuffle);

    /// <summary>Reads <c>vision_config</c> and <c>scale_factor</c>.</summary>
    /// <exception cref="InputException">A value is absent or out of range, or one does not fit another.</exception>
    public static SmolConfig Read(ModelConfig model)
    {
        var tower = ClipConfig.Read(model.Vision, siglip: true, width: 1152, heads: 16, patch: 32);
        int shuffle = model.Root.Count("scale_factor", 2);
        return tower.Grid % shuffle == 0
            ? new(tower, shuffle)
            : throw new InputException($"{model.Root.File}: "
                + $"tiles of {tower.Grid} patches a side cannot be joined by scale_factor {shuffle}.");
    }
}
