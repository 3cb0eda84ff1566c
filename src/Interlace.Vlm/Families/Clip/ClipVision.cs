using Interlace.Vlm.Blocks;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Clip;

/// <summary>The way from tiles to tokens by a tower of the kind of CLIP or SigLIP and what a family puts behind it.</summary>
/// <param name="parameters">The tower's and those of what is behind it.</param>
/// <param name="patches">Tiles to patches; freed with this.</param>
/// <param name="tower">Patches to features.</param>
/// <param name="project">Features [tiles, grid * grid, width], and the type of the computation, to tokens [V, D].</param>
internal sealed class ClipVision(IReadOnlyList<Parameter> parameters, TilePatches patches, ClipTower tower,
    Func<Tensor, ScalarType, Tensor> project) : IVisionEncoder
{
    public IReadOnlyList<Parameter> Parameters => parameters;

    public int Levels => 0;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] tiles = [.. images.SelectMany(image => image.Tiles)];
        observe?.Invoke(VisionLanguageModel.VisionBegins, tensor(new long[] { tiles.Length, patches.Grid, patches.Grid }).view(1, 3));
        Tensor merged = project(tower.Forward(tiles, type, device, observe), type);
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        return new(merged.MoveToOuterDisposeScope(), []);
    }

    public void Dispose() => patches.Dispose();
}
