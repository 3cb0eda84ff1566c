using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>
/// Finds values that are no numbers: NaN, or beyond the range of the type. They make every result behind them worthless without any other
/// sign (the likeliest of such logits is token 0).
/// What a pass gives is looked at once; only where that is wrong does a second pass look layer by layer for the place where it began.
/// </summary>
public static class FiniteValues
{
    /// <summary>True where every value is a number.</summary>
    public static bool In(Tensor values)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return values.isfinite().all().item<bool>();
    }

    /// <summary>The refusal of a result that is no number, which says where it began.</summary>
    /// <param name="what">A clause such as <c>The logits are no numbers</c>.</param>
    /// <param name="model">The model that gave it.</param>
    /// <param name="batch">What it was given.</param>
    public static NotANumberException Refusal(string what, VisionLanguageModel model, Batch batch)
    {
        var fault = First(model, batch);
        string advice = fault?.Weight is not null ? "copy or download the model again"
            : model.ComputeType == ScalarType.Float32 ? "the model's weights are damaged, or not meant for this configuration"
            : $"values leave the range of {Compute.NameOf(model.ComputeType)}, compute with --dtype fp32, or the weights are damaged";
        return new($"{what} (NaN or infinite){(fault is null ? "" : $", first {fault}")}: {advice}.");
    }

    /// <summary>Runs a batch again and looks at every stage of it; null where all of them give numbers.</summary>
    public static FirstFault? First(VisionLanguageModel model, Batch batch)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var layers = model.Layers.SelectMany(layer => layer.Parameters).ToHashSet();
        Parameter[] others = [.. model.Parameters.Where(parameter => !layers.Contains(parameter))];
        FirstFault? found = null;
        void Look(string place, Tensor value, IEnumerable<Parameter> weights)
        {
            if (found is not null || !value.is_floating_point() || In(value)) return;
            string? weight = weights.FirstOrDefault(parameter => !In(parameter.Value))?.Name;
            found = new(place, weight);
        }
        var (x, pass) = model.Embed(batch, observe: (name, value) => Look($"in {name}", value, others));
        using (pass)
        {
            Tensor hidden = model.Hidden(x, pass, (l, layer, input) =>
            {
                Look($"before decoder layer {l}", input, others);
                Tensor output = layer(input);
                Look($"in decoder layer {l}", output, model.Layers[l].Parameters);
                return output;
            });
            Look("in the final norm and the output head", model.Logits(hidden), others);
        }
        return found;
    }
}
