using System.Security.Cryptography;
using System.Text;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;

namespace Interlace.Training;

/// <summary>The parameters that are trained, and nothing else: by default exactly those of the plan's tune layers.</summary>
/// <param name="Layers">Indices in the model at hand, 0-based and ascending, of the decoder layers that are trained.</param>
/// <param name="Projector">The projector is trained too, or alone.</param>
/// <param name="Parameters">All trained parameters, in the order of the model.</param>
/// <param name="Count">Number of weights.</param>
/// <param name="Sha256">Hash of the names, one a line: two runs that train the same set agree in it.</param>
public sealed record TrainedParameters(IReadOnlyList<int> Layers, bool Projector, IReadOnlyList<Parameter> Parameters, long Count,
    string Sha256)
{
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
    /// <exception cref="InputException">There is no such layer, nothing at all to train, no projector,
    /// or the trainable parameters are not exactly these.</exception>
    public static TrainedParameters Of(VisionLanguageModel model, IReadOnlyList<int> layers, bool projector = false)
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
        Parameter[] wanted = [.. layers.SelectMany(l => model.Layers[l].Parameters), .. projector ? model.Projector : []];
        foreach (var parameter in wanted) parameter.Train();
        Parameter[] trainable = [.. model.Parameters.Where(p => p.IsTrainable)];
        if (!trainable.ToHashSet().SetEquals(wanted))
        {
            throw new InputException($"{trainable.Length} parameters are trainable, {wanted.Length} are to be trained: "
                + "the model was prepared for another plan.");
        }
        string names = string.Concat(trainable.Select(p => p.Name + "\n"));
        return new(layers, projector, trainable, trainable.Sum(p => p.Value.numel()),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(names))));
    }
}
