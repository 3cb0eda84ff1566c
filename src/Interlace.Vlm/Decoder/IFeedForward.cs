using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>What a decoder layer does with each token alone, behind attention.</summary>
internal interface IFeedForward
{
    /// <summary>Its linear layers; experts, which lie together in one tensor, are none.</summary>
    IReadOnlyList<Linear> Linears { get; }

    /// <summary>The last of them, behind which nothing comes; null where experts are last.</summary>
    Linear? Output { get; }

    /// <summary>[N, D] -> [N, D].</summary>
    /// <param name="x">Normed states of some tokens.</param>
    /// <param name="pass">What the layers of this pass share.</param>
    /// <param name="layer">0-based layer, for those who look on.</param>
    Tensor Forward(Tensor x, Pass pass, int layer);
}
