using Interlace.Vlm;

namespace Interlace.Training;

/// <summary>Neighbouring layers of the unpruned model of which the first stands for all: the others are dropped.</summary>
/// <param name="Layer">0-based index of the first layer, the same in the tuned and in the unpruned model.</param>
/// <param name="After">0-based index in the unpruned model of the layer behind the window; L where there is none.</param>
public sealed record Window(int Layer, int After)
{
    /// <summary>The window of the one layer that is trained.</summary>
    /// <param name="trained">Indices in the pruned model of the layers that are trained.</param>
    /// <param name="origin">Index in the unpruned model of each layer of the pruned one, ascending.</param>
    /// <param name="parentLayers">Layers of the unpruned model.</param>
    /// <exception cref="InputException">
    /// Not one layer is trained, none is dropped behind it, or some are dropped below it, so that it reads what no layer of the unpruned
    /// model does.
    /// </exception>
    public static Window Of(IReadOnlyList<int> trained, IReadOnlyList<int> origin, int parentLayers)
    {
        if (trained is not [var layer])
        {
            throw new InputException($"{WindowFit.Setting} fits one layer to a window of dropped layers behind it, and {trained.Count} "
                + "are to be trained: take a plan of streamline.");
        }
        if (origin[layer] != layer)
        {
            throw new InputException($"{WindowFit.Setting} fits layer {origin[layer]} to what the unpruned model has there, but layers "
                + "below it are dropped: take a plan of streamline.");
        }
        int after = layer + 1 < origin.Count ? origin[layer + 1] : parentLayers;
        return after > layer + 1 ? new(layer, after)
            : throw new InputException($"{WindowFit.Setting} fits a layer to a window of dropped layers behind it, and none is dropped "
                + $"behind layer {layer}: take a plan of streamline.");
    }
}
