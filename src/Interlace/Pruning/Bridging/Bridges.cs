using static TorchSharp.torch;

namespace Interlace.Pruning.Bridging;

/// <summary>What bridging comes to: the weights that replace those of the parent, and how they came about.</summary>
/// <param name="Values">By the parent's name of a tensor: its new value, in the type of the file.</param>
/// <param name="Account">For the record of the folder.</param>
internal sealed record Bridges(IReadOnlyDictionary<string, Tensor> Values, BridgeAccount Account) : IDisposable
{
    public void Dispose()
    {
        foreach (Tensor value in Values.Values) value.Dispose();
    }
}
