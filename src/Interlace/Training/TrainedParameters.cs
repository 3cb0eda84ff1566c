using System.Security.Cryptography;
using System.Text;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// The parameters that are trained, and nothing else: by default exactly those of the plan's tune layers. With adapters the layers stay as
/// they are, and what is trained stands beside their linear layers until it is merged into their weights.
/// </summary>
/// <param name="Layers">Indices in the model at hand, 0-based and ascending, of the decoder layers that are trained.</param>
/// <param name="Projector">The projector is trained too, or alone.</param>
/// <param name="Parameters">All trained parameters, in the order of the model; those of adapters last.</param>
/// <param name="Adapted">The linear layers that have adapters.</param>
public sealed record TrainedParameters(IReadOnlyList<int> Layers, bool Projector, IReadOnlyList<Parameter> Parameters,
    IReadOnlyList<Linear> Adapted)
{
    /// <summary>Number of trained weights.</summary>
    public long Count => Parameters.Sum(parameter => parameter.Value.numel());

    /// <summary>
    /// The tensors of the checkpoint that come out changed, by name: what each holds in the file (any type) -> its new value, which belongs
    /// to the caller or is the trained parameter's own.
    /// </summary>
    public IReadOnlyDictionary<string, Func<Tensor, Tensor>> Changes { get; } = new OrderedDictionary<string, Func<Tensor, Tensor>>(
        [.. Parameters.Where(parameter => !Adapted.Any(linear => linear.Adapter!.Parameters.Contains(parameter)))
            .Select(parameter => KeyValuePair.Create(parameter.Name, (Func<Tensor, Tensor>)(_ => parameter.Value))),
            .. Adapted.Select(linear => KeyValuePair.Create(linear.Weight.Name, (Func<Tensor, Tensor>)(stored => Merged(linear, stored))))],
        StringComparer.Ordinal);

    /// <summary>Hash of the names of the changed tensors, one a line: two runs that train the same set agree in it.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Concat(Changes.Keys.Select(name => name + "\n")))));

    /// <summary>Takes the adapters off again; the layers are then what they were.</summary>
    public void RemoveAdapters()
    {
        foreach (var linear in Adapted)
        {
            linear.Adapter?.Dispose();
            linear.Adapter = null;
        }
    }

    /// <summary>Whether something of a layer is trained.</summary>
    internal static bool AreIn(IDecoderLayer layer) =>
        layer.Parameters.Any(parameter => parameter.IsTrainable) || layer.Linears.Any(linear => linear.Adapter is not null);

    /// <summary>The decoder layers that <see cref="FineTuneOptions.Train"/> names: 0-based indices in the pruned model.</summary>
    /// <param name="train">The option.</param>
    /// <param name="tune">The plan's tune layers, in the numbering of the pruned model.</param>
    /// <param name="layerCount">Decoder layers of the pruned model.</param>
    /// <exception cref="InputException">The plan tunes no layer and the option asks for those.</exception>
    public static int[] LayersOf(string train, IEnumerable<int> tune, int layerCount)
    {
        if (train == FineTuneOptions.AllKept) return [.. Enumerable.Range(0, layerCount)];
        if (train == FineTuneOptions.Projector) return [];
        int[] layers = [.. tune];
        return layers.Length > 0 ? layers : throw new InputException("The plan tunes no layer: there is nothing to train.");
    }

    /// <summary>Makes the layers, and the projector where it is asked for, trainable and nothing else.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layers">0-based layers.</param>
    /// <param name="projector">The projector too, in full.</param>
    /// <param name="lowRank">Trains adapters on the linear layers of these layers in their place; null for none.</param>
    /// <param name="type">The type in which trained weights are held: fp32, or bf16 for <see cref="LeanAdamW"/>.</param>
    /// <exception cref="InputException">There is no such layer, nothing at all to train, no projector, no layer for adapters,
    /// or the trainable parameters are not exactly these.</exception>
    public static TrainedParameters Of(VisionLanguageModel model, IReadOnlyList<int> layers, bool projector = false,
        LowRank? lowRank = null, ScalarType type = ScalarType.Float32)
    {
        if (layers.Count == 0 && !projector) throw new InputException("The plan tunes no layer: there is nothing to train.");
        if (layers.Any(l => l < 0 || l >= model.Layers.Count))
        {
            throw new InputException($"The plan tunes layers {string.Join(", ", layers)}, the model has {model.Layers.Count} layers: "
                + "the plan belongs to another model.");
        }
        if (projector && model.Projector.Count == 0)
        {
            throw new InputException("finetune.train names the projector, but the model reads text alone and has none: "
                + $"choose {FineTuneOptions.Tune} or {FineTuneOptions.AllKept}.");
        }
        if (layers.Count == 0 && lowRank is not null)
        {
            throw new InputException("finetune.lora puts adapters on decoder layers, but finetune.train names none: "
                + $"choose {FineTuneOptions.TuneAndProjector}, or leave finetune.lora out.");
        }
        Linear[] adapted = lowRank is null ? [] : [.. layers.SelectMany(l => model.Layers[l].Linears)];
        var whole = lowRank is null ? layers.SelectMany(l => model.Layers[l].Parameters) : [];
        Parameter[] wanted = [.. whole, .. projector ? model.Projector : []];
        foreach (var parameter in wanted) parameter.Train(type);
        Parameter[] trainable = [.. model.Parameters.Where(p => p.IsTrainable)];
        if (!trainable.ToHashSet().SetEquals(wanted))
        {
            throw new InputException($"{trainable.Length} parameters are trainable, {wanted.Length} are to be trained: "
                + "the model was prepared for another plan.");
        }
        foreach (var linear in adapted) linear.Adapter = lowRank!.AdapterOf(linear, type);
        return new(layers, projector, [.. trainable, .. adapted.SelectMany(linear => linear.Adapter!.Parameters)], adapted);
    }

    private static Tensor Merged(Linear linear, Tensor stored)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return stored.to(ScalarType.Float32, linear.Weight.Value.device).Plus(linear.Adapter!.Change()).MoveToOuterDisposeScope();
    }
}
