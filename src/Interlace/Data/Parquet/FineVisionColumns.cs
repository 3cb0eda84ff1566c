using ParquetSharp;

namespace Interlace.Data.Parquet;

/// <summary>Where the columns that are read stand among the leaves of the schema;
/// the image paths are optional, all others of FineVision's columns unused.</summary>
internal sealed record FineVisionColumns(int Images, int? ImagePaths, int Questions, int Answers)
{
    /// <summary>The columns that make a sample.</summary>
    public IEnumerable<int> SampleColumns => [Images, Questions, Answers];

    /// <summary>Finds the columns by name, whatever their order and the names of the list's inner nodes.
    /// Throws <see cref="InvalidDataException"/> naming a missing one.</summary>
    public static FineVisionColumns In(RowGroup group)
    {
        return new FineVisionColumns(Require("images", "bytes"), Find("images", "path"), Require("texts", "user"),
            Require("texts", "assistant"));

        int? Find(string list, string field)
        {
            for (int i = 0; i < group.Columns.Count; i++)
                if (group.Columns[i].Path.StartsWith(list + ".", StringComparison.Ordinal)
                    && group.Columns[i].Path.EndsWith("." + field, StringComparison.Ordinal))
                    return i;
            return null;
        }

        int Require(string list, string field) =>
            Find(list, field) ?? throw new InvalidDataException($"It has no column '{list}' of lists with the field '{field}'.");
    }
}
