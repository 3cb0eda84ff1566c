using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// A decoder layer f_l of a model (paper 3.1). One form serves most families; a layer of another form is another implementation.
/// </summary>
public interface IDecoderLayer
{
    /// <summary>[N, D] -> [N, D].</summary>
    /// <param name="x">The residual stream.</param>
    /// <param name="pass">What the layers of this pass share.</param>
    /// <param name="index">The layer's 0-based place in the model at hand: the cache follows it.</param>
    Tensor Forward(Tensor x, Pass pass, int index);

    /// <summary>All parameters of the layer.</summary>
    IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Its linear layers, in the order in which they run; experts, which lie together in one tensor, are none.</summary>
    IReadOnlyList<Linear> Linears { get; }

    /// <summary>
    /// The last linear layer of the feed-forward: [N, inner] -> [N, D]. Experts have none: nobody asks where
    /// <see cref="VisionLanguageModel.AddsFeedForwardAsItIs"/> is false.
    /// </summary>
    Linear FeedForwardOutput { get; }
}
