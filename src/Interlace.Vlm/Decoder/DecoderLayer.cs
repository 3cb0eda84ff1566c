using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// The pre-norm layer of Llama, Qwen2 and Qwen3: attention on the normed input, then a feed-forward on the normed sum, both residual.
/// </summary>
internal sealed class DecoderLayer : IDecoderLayer
{
    private readonly RmsNorm _inputNorm, _attentionNorm;
    private readonly Attention _attention;
    private readonly IFeedForward _feedForward;

    /// <summary>Takes the layer's parameters from a source.</summary>
    /// <param name="source">Gives the parameters.</param>
    /// <param name="name">What their names begin with, such as <c>model.layers.3</c>.</param>
    /// <param name="spec">Sizes and optional parts.</param>
    /// <param name="experts">Its experts; null where its feed-forward is the gated one.</param>
    public DecoderLayer(ParameterSource source, string name, DecoderSpec spec, ExpertSpec? experts = null)
    {
        var parameters = new List<Parameter>();
        ParameterSource own = ParameterSources.Collecting(source, parameters);
        _inputNorm = new(own, $"{name}.input_layernorm", spec.HiddenSize, spec.NormEpsilon);
        _attention = new(own, $"{name}.self_attn", spec);
        _attentionNorm = new(own, $"{name}.post_attention_layernorm", spec.HiddenSize, spec.NormEpsilon);
        _feedForward = experts is null
            ? new GatedFeedForward(own, $"{name}.mlp", spec) : new ExpertFeedForward(own, $"{name}.mlp", spec, experts);
        Parameters = parameters;
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public IReadOnlyList<Linear> Linears => [.. _attention.Linears, .. _feedForward.Linears];

    public Linear FeedForwardOutput => _feedForward.Output ?? throw new InvalidOperationException("experts have no last linear layer");

    public Tensor Forward(Tensor x, Pass pass, int index)   // [N, D] -> [N, D]
    {
        using var scope = NewDisposeScope();
        Rotary turns = pass.RotaryOf(AttentionKind.Full);
        Tensor[] InBlocks(Func<Func<Tensor, Tensor>, Tensor[]> run) => pass.InBlocks(x.shape[0], run);
        Tensor[] projected = InBlocks(rows => _attention.Project(_inputNorm.Forward(rows(x)), turns.Select(rows), pass.Observe));
        Tensor read = pass.Attend(index, AttentionKind.Full, projected[0], projected[1], projected[2]);
        return InBlocks(rows =>
        {
            Tensor attended = rows(x).Plus(_attention.Output(rows(read), pass.Observe));
            Tensor output = _feedForward.Forward(_attentionNorm.Forward(attended), pass, index);
            pass.ObserveFeedForward?.Invoke(attended, output);
            return [attended.Plus(output)];
        })[0].MoveToOuterDisposeScope();
    }
}
