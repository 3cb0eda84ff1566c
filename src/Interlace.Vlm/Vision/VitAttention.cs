using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Vision;

/// <summary>The attention of a vision transformer with a linear layer for each of queries, keys and values.</summary>
/// <param name="source">Gives the parameters.</param>
/// <param name="name">What their names begin with.</param>
/// <param name="output">The last linear layer's own name.</param>
/// <param name="width">Width D of the stream.</param>
/// <param name="heads">Number of heads; it divides the width.</param>
/// <param name="inputBias">Whether the first three linear layers have a bias.</param>
internal sealed class VitAttention(ParameterSource source, string name, string output, long width, int heads, bool inputBias = true)
{
    private readonly Linear _q = new(source, $"{name}.q_proj", width, width, inputBias);
    private readonly Linear _k = new(source, $"{name}.k_proj", width, width, inputBias);
    private readonly Linear _v = new(source, $"{name}.v_proj", width, width, inputBias);
    private readonly Linear _output = new(source, $"{name}.{output}", width, width, bias: true);

    /// <summary>Norms of whole queries and keys, before the heads are split; or null.</summary>
    public (RmsNorm Query, RmsNorm Key)? Norms { get; init; }

    /// <summary>[N, D] -> [N, D].</summary>
    public Tensor Forward(Tensor x, PackedAttention attention)
    {
        Tensor q = _q.Forward(x), k = _k.Forward(x);
        if (Norms is { } norms) (q, k) = (norms.Query.Forward(q), norms.Key.Forward(k));
        Tensor Heads(Tensor values) => values.view(-1, heads, width / heads);
        return _output.Forward(attention.Forward(Heads(q), Heads(k), Heads(_v.Forward(x))));
    }
}
