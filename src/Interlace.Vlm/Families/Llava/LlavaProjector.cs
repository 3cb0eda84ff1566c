using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families.Llama;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Llava;

/// <summary>Brings features of the vision tower to the decoder's width: two linear layers.</summary>
internal sealed class LlavaProjector
{
    private readonly Linear _first, _second;
    private readonly Func<Tensor, Tensor> _activation;

    /// <param name="source">Gives the parameters.</param>
    /// <param name="model">The model's configuration.</param>
    /// <param name="width">Width of a feature.</param>
    /// <exception cref="InputException">A value is out of range.</exception>
    public LlavaProjector(ParameterSource source, ModelConfig model, int width)
    {
        const string name = "model.multi_modal_projector";
        int output = model.Text.Width("hidden_size", LlamaFamily.Defaults.HiddenSize);
        bool bias = model.Root.Flag("multimodal_projector_bias", true);
        _activation = Activation.Find(model.Root.OneOf("projector_hidden_act", "gelu", [.. Activation.Names]))!;
        _first = new(source, $"{name}.linear_1", width, output, bias);
        _second = new(source, $"{name}.linear_2", output, output, bias);
    }

    public Tensor Forward(Tensor x) => _second.Forward(_activation(_first.Forward(x)));   // [.., width] -> [.., D]
}
