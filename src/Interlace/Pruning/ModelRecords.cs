using Interlace.Artefacts;
using Interlace.Importing;
using Interlace.Pruning.Sparsity;

namespace Interlace.Pruning;

/// <summary>Which model folders Interlace made, by the records in them.</summary>
public static class ModelRecords
{
    /// <summary>The one folder that a model folder may hold.</summary>
    internal const string TemplateFolder = "additional_chat_templates";

    /// <summary>
    /// True for a model folder that Interlace made and that holds nothing but a model: it may be replaced or deleted where that is asked
    /// for.
    /// </summary>
    public static bool AreIn(string folder) =>
        File.Exists(Path.Combine(folder, "config.json"))
        && Directory.EnumerateDirectories(folder).All(inner => Path.GetFileName(inner) == TemplateFolder)
        && (Has(folder, PrunedModelFile.Name, PrunedModelFile.CurrentFormat) || Has(folder, SparsityFile.Name, SparsityFile.CurrentFormat)
            || Has(folder, ImportFile.Name, ImportFile.CurrentFormat));

    private static bool Has(string folder, string name, string format) =>
        Path.Combine(folder, name) is var path && File.Exists(path) && ArtefactFormat.Of(path) == format;
}
