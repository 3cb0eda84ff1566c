using System.Security.Cryptography;
using System.Text;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;

namespace Interlace.Training;

/// <summary>The parameters that are tuned: exactly those of the plan's layers.</summary>
/// <param name="Layers">Indices in the model at hand.</param>
/// <param name="Parameters">All their parameters, in the order of the model.</param>
/// <param name="Count">Number of weights.</param>
/// <param name="Sha256">Hash of the names, one a line: two runs that tune the same set agree in it.</param>
public sealed record TunedLayers(IReadOnlyList<int> Layers, IReadOnlyList<Parameter> Parameters, long Count, string Sha256)
{
    /// <summary>Makes the layers trainable and nothing else.</summary>
    /// <exception cref="InputException">There is no such layer, none at all,
    /// or the trainable parameters are not exactly theirs.</exception>
    public static TunedLayers Of(VisionLanguageModel model, IReadOnlyList<int> layers)
    {
        if (layers.Count == 0) throw new InputException("The plan tunes no layer: there is nothing to train.");
        if (layers.Any(l => l < 0 || l >= model.Layers.Count))
        {
            throw new InputException($"The plan tunes layers {string.Join(", ", layers)}, the model has {model.Layers.Count} layers: "
                + "the plan belongs to another model.");
        }
        Parameter[] wanted = [.. layers.SelectMany(l => model.Layers[l].Parameters)];
        foreach (var parameter in wanted) parameter.Train();
        Parameter[] trainable = [.. model.Parameters.Where(p => p.IsTrainable)];
        if (!trainable.ToHashSet().SetEquals(wanted))
        {
            throw new InputException($"{trainable.Length} parameters are trainable, the plan's layers have {wanted.Length}: "
                + "the model was prepared for another plan.");
        }
        string names = string.Concat(trainable.Select(p => p.Name + "\n"));
        return new(layers, trainable, trainable.Sum(p => p.Value.numel()),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(names))));
    }
}
