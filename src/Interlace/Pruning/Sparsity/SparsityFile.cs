using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Pruning.Sparsity;

/// <summary>The record <c>sparsity.json</c> in a model folder whose decoder weights are sparse:
/// how they came about, and how many are zero.</summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Method">wanda or magnitude.</param>
/// <param name="Pattern">Which part of each row is zero.</param>
/// <param name="Settings">How the inputs were measured; null under magnitude, which measures none.</param>
/// <param name="Seed">Seed of the draw of samples.</param>
/// <param name="Inputs">The model it was made from, and the data.</param>
/// <param name="Samples">Samples that were measured.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Skipped">Drawn samples that were left out, by reason.</param>
/// <param name="Zeros">Zeros among the weights of the decoder's linear layers; weights that were zero before count.</param>
/// <param name="Parameters">Number of those weights.</param>
/// <param name="Layers">The same by decoder layer.</param>
/// <param name="Note">What a reader must not expect of the model.</param>
public sealed record SparsityFile(string Format, string CreatedBy, string Method, string Pattern, SparsitySettings? Settings, int Seed,
    SparsityInputs Inputs,
    int Samples, long Tokens, IReadOnlyDictionary<string, long> Skipped, long Zeros, long Parameters, IReadOnlyList<LayerSparsity> Layers,
    string Note) : IArtefact
{
    /// <summary>The record's file name.</summary>
    public const string Name = "sparsity.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-sparsity/1";

    /// <summary>The note of every record.</summary>
    public const string DenseMatrices =
        "The weights are dense matrices with zeros in them: the model is as large as before, and no faster without sparse kernels.";

    /// <summary>Part of the weights that is zero.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public double Sparsity => Parameters == 0 ? 0 : (double)Zeros / Parameters;

    /// <summary>The text of the record.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<SparsityFile>());

    /// <summary>The record of a model folder, or null where it has none.</summary>
    /// <exception cref="InputException">It is there and damaged.</exception>
    public static SparsityFile? In(string folder) => Path.Combine(folder, Name) is var path && File.Exists(path) ? Load(path) : null;

    /// <summary>Reads a record.</summary>
    /// <exception cref="InputException">It is absent or of another format.</exception>
    public static SparsityFile Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<SparsityFile>(), CurrentFormat, "sparsify leaves it in a model folder",
            "is no valid record of sparse weights", found =>
        {
            if (!SparsityOptions.Methods.Contains(found.Method))
                throw new JsonException($"its method is '{found.Method}', expected {string.Join(" or ", SparsityOptions.Methods)}");
            Counts.Check(found.Samples, "samples");
            Counts.Check(found.Tokens, "tokens");
            Counts.Check(found.Skipped, "skipped samples");
            Counts.Check(found.Parameters, "parameters");
            Counts.Check(found.Zeros, "zeros", most: found.Parameters);
            Counts.CheckLayers([.. found.Layers.Select(layer => layer.Layer)], "layers", Counts.MostLayers);
            foreach (var layer in found.Layers)
            {
                Counts.Check(layer.Parameters, "parameters of a layer");
                Counts.Check(layer.Zeros, "zeros of a layer", most: layer.Parameters);
            }
            if ((found.Layers.Sum(layer => layer.Zeros), found.Layers.Sum(layer => layer.Parameters)) != (found.Zeros, found.Parameters))
                throw new JsonException("its layers do not add up to its numbers of zeros and parameters");
        });
}
