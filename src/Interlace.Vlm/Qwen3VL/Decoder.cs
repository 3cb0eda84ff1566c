using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Qwen3VL;

/// <summary>A decoder layer: grouped-query attention with normed queries and keys, then a gated feed-forward, both residual.</summary>
internal sealed class DecoderLayer : IDecoderLayer
{
    private readonly RmsNorm _inputNorm, _attentionNorm;
    private readonly Attention _attention;
    private readonly SwiGlu _feedForward;

    public DecoderLayer(ParameterSource source, string name, TextConfig config)
    {
        var parameters = new List<Parameter>();
        ParameterSource own = (parameter, shape) =>
        {
            parameters.Add(source(parameter, shape));
            return parameters[^1];
        };
        _inputNorm = new(own, $"{name}.input_layernorm", config.HiddenSize, config.NormEpsilon);
        _attention = new(own, $"{name}.self_attn", config);
        _attentionNorm = new(own, $"{name}.post_attention_layernorm", config.HiddenSize, config.NormEpsilon);
        _feedForward = new(own, $"{name}.mlp", config.HiddenSize, config.InnerSize);
        Parameters = parameters;
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public IReadOnlyList<Linear> Linears => [.. _attention.Linears, .. _feedForward.Linears];

    public Tensor Run(Tensor x, LayerInputs inputs, int index)   // [N, D] -> [N, D]
    {
        using var scope = NewDisposeScope();
        Tensor[] InBlocks(Func<Func<Tensor, Tensor>, Tensor[]> run) => RowBlocks.Run(x.shape[0], whole: inputs.Observe is not null, run);
        Tensor[] projected = InBlocks(rows => _attention.Project(_inputNorm.Run(rows(x)), inputs.Rotary.Of(rows), inputs.Observe));
        Tensor read = Attention.Read(projected[0], projected[1], projected[2], inputs, index);
        return InBlocks(rows =>
        {
            Tensor attended = rows(x).Plus(_attention.Output(rows(read), inputs.Observe));
            return [attended.Plus(_feedForward.Run(_attentionNorm.Run(attended), inputs.Observe))];
        })[0].MoveToOuterDisposeScope();
    }

    private sealed class Attention(ParameterSource source, string name, TextConfig config)
    {
        private readonly Linear _q = new(source, $"{name}.q_proj", config.HiddenSize, config.HeadCount * config.HeadSize, config.AttentionBias);
        private readonly Linear _k = new(source, $"{name}.k_proj", config.HiddenSize, config.KeyHeadCount * config.HeadSize, config.AttentionBias);
        private readonly Linear _v = new(source, $"{name}.v_proj", config.HiddenSize, config.KeyHeadCount * config.HeadSize, config.AttentionBias);
        private readonly Linear _o = new(source, $"{name}.o_proj", config.HeadCount * config.HeadSize, config.HiddenSize, config.AttentionBias);
        private readonly RmsNorm _qNorm = new(source, $"{name}.q_norm", config.HeadSize, config.NormEpsilon), _kNorm = new(source, $"{name}.k_norm", config.HeadSize, config.NormEpsilon);

        public IReadOnlyList<Linear> Linears => [_q, _k, _v, _o];

        /// <summary>x [N, D] -> queries [N, H, d], keys and values [N, G, d].</summary>
        public Tensor[] Project(Tensor x, Rotary rotary, LinearObserver? observe) =>
        [
            rotary.Apply(_qNorm.Run(_q.Run(x, observe).view(-1, config.HeadCount, config.HeadSize))),
            rotary.Apply(_kNorm.Run(_k.Run(x, observe).view(-1, config.KeyHeadCount, config.HeadSize))),
            _v.Run(x, observe).view(-1, config.KeyHeadCount, config.HeadSize),
        ];

        /// <summary>What the queries read, [N, H * d]: in the cache where that is in use for a step, else in their own sequences.</summary>
        public static Tensor Read(Tensor q, Tensor k, Tensor v, LayerInputs inputs, int index)
        {
            if (inputs.Cache is { } use)
            {
                use.Cache.Store(index, use.Rows, k, v);
                if (use.StepMask is not null) return use.Cache.Attend(index, q, use.StepMask);
            }
            return inputs.Attention!.Run(q, k, v);
        }

        /// <summary>[N, H * d] -> [N, D].</summary>
        public Tensor Output(Tensor read, LinearObserver? observe) => _o.Run(read, observe);
    }
}
