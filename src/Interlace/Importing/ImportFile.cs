using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Importing;

/// <summary>The record <c>import.json</c> in a model folder that was made from a GGUF file: what the weights were before.</summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Source">The file.</param>
/// <param name="Architecture">Kind of the model, as the file names it.</param>
/// <param name="Dtype">Type of the weights that were written: bf16 or f32.</param>
/// <param name="Weights">The types that the weights had in the file, most of them first.</param>
/// <param name="Model">The folder's model as it was written.</param>
/// <param name="Note">What a reader must not expect of the model.</param>
public sealed record ImportFile(string Format, string CreatedBy, ImportSource Source, string Architecture, string Dtype,
    IReadOnlyList<ImportedWeights> Weights, ModelIdentity Model, string Note) : IArtefact
{
    /// <summary>The record's file name.</summary>
    public const string Name = "import.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-import/1";

    /// <summary>The text of the record.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<ImportFile>());

    /// <summary>The record of a model folder, or null where it has none.</summary>
    /// <exception cref="InputException">It is there and damaged.</exception>
    public static ImportFile? In(string folder) => Path.Combine(folder, Name) is var path && File.Exists(path) ? Load(path) : null;

    /// <summary>Reads a record.</summary>
    /// <exception cref="InputException">It is absent or of another format.</exception>
    public static ImportFile Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<ImportFile>(), CurrentFormat, "import leaves it in a model folder",
            "is no valid record of an import", static found =>
        {
            Counts.Check(found.Source.Bytes, "bytes of the file");
            foreach (var weights in found.Weights)
            {
                Counts.Check(weights.Bits, "bits", least: 1, most: 64);
                Counts.Check(weights.Count, "weights");
            }
            if (found.Weights.Count == 0) throw new JsonException("it names no weights");
        });

    /// <summary>The note of a folder: its weights are as good as they were in the file.</summary>
    /// <param name="weights">The types there.</param>
    public static string NoteOf(IReadOnlyList<ImportedWeights> weights)
    {
        string[] quantised = [.. weights.Where(entry => entry.IsQuantised)
            .Select(entry => $"{entry.Count} weights from {entry.Bits}-bit integers ({entry.Type})")];
        return quantised.Length == 0 ? "The weights were not quantised in the file."
            : $"The weights were dequantised: {string.Join(", ", quantised)}; they are no better than in the file, "
                + "and not those of the model that was quantised.";
    }
}
