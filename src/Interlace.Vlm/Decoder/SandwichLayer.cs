using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// The layer of Gemma 3: attention and a gated feed-forward, each between two norms, both residual. Its attention sees everything before
/// a token, or a window of it.
/// </summary>
internal sealed class SandwichLayer : IDecoderLayer
{
    private readonly RmsNorm _inputNorm, _attendedNorm, _innerNorm, _outputNorm;
    private readonly Attention _attention;
    private readonly GatedFeedForward _feedForward;
    private readonly AttentionKind _kind;

    /// <summary>Takes the layer's parameters from a source.</summary>
    /// <param name="source">Gives the parameters.</param>
    /// <param name="name">What their names begin with, such as <c>model.layers.3</c>.</param>
    /// <param name="spec">Sizes and optional parts.</param>
    /// <param name="kind">What its tokens see.</param>
    public SandwichLayer(ParameterSource source, string name, DecoderSpec spec, AttentionKind kind)
    {
        var parameters = new List<Parameter>();
        ParameterSource own = ParameterSources.Collecting(source, parameters);
        RmsNorm Norm(string norm) => new(own, $"{name}.{norm}", spec.HiddenSize, spec.NormEpsilon, spec.NormsPlusOne);
        _kind = kind;
        _inputNorm = Norm("input_layernorm");
        _attention = new(own, $"{name}.self_attn", spec);
        _attendedNorm = Norm("post_attention_layernorm");
        _innerNorm = Norm("pre_feedforward_layernorm");
        _feedForward = new(own, $"{name}.mlp", spec);
        _outputNorm = Norm("post_feedforward_layernorm");
        Parameters = parameters;
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public IReadOnlyList<Linear> Linears => [.. _attention.Linears, .. _feedForward.Linears];

    public Linear FeedForwardOutput => _feedForward.Output!;

    public Tensor Forward(Tensor x, Pass pass, int index)   // [N, D] -> [N, D]
    {
        using var scope = NewDisposeScope();
        Rotary turns = pass.RotaryOf(_kind);
        Tensor[] InBlocks(Func<Func<Tensor, Tensor>, Tensor[]> run) => pass.InBlocks(x.shape[0], run);
        Tensor[] projected = InBlocks(rows => _attention.Project(_inputNorm.Forward(rows(x)), turns.Select(rows), pass.Observe));
        Tensor read = pass.Attend(index, _kind, projected[0], projected[1], projected[2]);
        return InBlocks(rows =>
        {
            Tensor attended = rows(x).Plus(_attendedNorm.Forward(_attention.Output(rows(read), pass.Observe)));
            Tensor output = _outputNorm.Forward(_feedForward.Forward(_innerNorm.Forward(attended), pass, index));
            pass.ObserveFeedForward?.Invoke(attended, output);
            return [attended.Plus(output)];
        })[0].MoveToOuterDisposeScope();
    }
}
