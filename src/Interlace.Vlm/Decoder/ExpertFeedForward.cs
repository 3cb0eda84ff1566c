using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// A mixture of experts (Qwen3-VL-MoE): a router sends each token to some of the experts, each a gated feed-forward of its own, and what
/// they give is summed, weighed by the router's probabilities among the chosen ones. The matrices of all experts lie in two tensors.
/// </summary>
internal sealed class ExpertFeedForward : IFeedForward
{
    private readonly DecoderSpec _spec;
    private readonly ExpertSpec _experts;
    private readonly Linear _router;
    private readonly Parameter _gateUp, _down;   // first half gate, second half up

    /// <summary>Takes the parameters from a source.</summary>
    /// <param name="source">Gives the parameters.</param>
    /// <param name="name">What their names begin with, such as <c>model.layers.3.mlp</c>.</param>
    /// <param name="spec">Width and activation.</param>
    /// <param name="experts">The experts.</param>
    public ExpertFeedForward(ParameterSource source, string name, DecoderSpec spec, ExpertSpec experts)
    {
        (_spec, _experts) = (spec, experts);
        _router = new(source, $"{name}.gate", spec.HiddenSize, experts.Count);
        _gateUp = source($"{name}.experts.gate_up_proj", Shape(spec.HiddenSize, 2 * experts.InnerSize));
        _down = source($"{name}.experts.down_proj", Shape(experts.InnerSize, spec.HiddenSize));

        long[] Shape(int input, int output) =>
            experts.IsOutputFirst ? [experts.Count, output, input] : [experts.Count, input, output];
    }

    public IReadOnlyList<Linear> Linears => [_router];

    public Linear? Output => null;

    public Tensor Forward(Tensor x, Pass pass, int layer)   // [N, D] -> [N, D]
    {
        Tensor likely = _router.Forward(x, pass.Observe).to(ScalarType.Float32).softmax(-1);   // over all of them
        (Tensor chosen, Tensor experts) = likely.topk(_experts.Chosen);                        // [N, k] each
        Tensor weights = (chosen / chosen.sum(-1, keepdim: true)).to(x.dtype);
        pass.ObserveExperts?.Invoke(layer, experts, weights);
        var (order, places, counts) = ByExpert(experts.cpu().data<long>().ToArray(), _experts.Count);
        Tensor Rows(long[] rows) => Upload.Of(rows, x.device);

        // The tokens of one expert stand together, so that each expert is one product of matrices.
        Tensor rows = x.index_select(0, Rows(Array.ConvertAll(order, place => place / _experts.Chosen)));
        Tensor gateUp = _gateUp.As(x.dtype), down = _down.As(x.dtype);
        var given = new List<Tensor>();
        for (long expert = 0, first = 0; expert < counts.Length; first += counts[expert++])
        {
            if (counts[expert] == 0) continue;
            pass.Cancellation.ThrowIfCancellationRequested();
            Tensor both = Product(rows.narrow(0, first, counts[expert]), gateUp[expert]);      // [n, 2 S]
            Tensor gate = both.narrow(1, 0, _experts.InnerSize), up = both.narrow(1, _experts.InnerSize, _experts.InnerSize);
            given.Add(Product(Activation.Gated(_spec.Activation, gate, up), down[expert]));                  // [n, D]
        }
        // Back in the order of the tokens, and summed by token: the same sums on every device.
        Tensor byToken = cat(given, 0).index_select(0, Rows(places)).view(-1, _experts.Chosen, _spec.HiddenSize);
        return byToken.mul(weights.unsqueeze(-1)).sum(1);
    }

    /// <summary>
    /// A matrix that lies the other way round is turned first: the engine sums in another order over one that is only read that way,
    /// and a model would give other last digits once it has been written again.
    /// </summary>
    private Tensor Product(Tensor x, Tensor matrix) => x.matmul(_experts.IsOutputFirst ? matrix.t().contiguous() : matrix);

    /// <summary>
    /// For choices [N * k]: their places in order of the experts, for each choice where it stands in that order, and choices by expert.
    /// </summary>
    private static (long[] Order, long[] Places, long[] Counts) ByExpert(long[] experts, int count)
    {
        long[] counts = new long[count], next = new long[count];
        foreach (long expert in experts) counts[expert]++;
        for (int expert = 1; expert < count; expert++) next[expert] = next[expert - 1] + counts[expert - 1];
        long[] order = new long[experts.Length], places = new long[experts.Length];
        for (int i = 0; i < experts.Length; i++)
        {
            places[i] = next[experts[i]]++;
            order[places[i]] = i;
        }
        return (order, places, counts);
    }
}
