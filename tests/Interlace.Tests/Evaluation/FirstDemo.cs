using Interlace.Evaluation;

namespace Interlace.Tests.Evaluation;

/// <summary>The first version of the demo's model and its tables, which the reference implementation was run on; the model in the repository has the same architecture in other sizes.</summary>
internal static class FirstDemo
{
    private const string Rows = """
        {
          "benchmarks": [
            { "name": "TinyBench", "file": "TinyBench.tsv", "kind": "circular", "group": "GVQA", "headline_split": "dev", "rows": 246 },
            { "name": "TinyStar", "file": "TinyStar.tsv", "kind": "choice", "group": "Perception", "rows": 200 },
            { "name": "TinyPOPE", "file": "TinyPOPE.tsv", "kind": "yes-no", "group": "GVQA", "rows": 200 },
            { "name": "TinyOCR", "file": "TinyOCR.tsv", "kind": "contains", "group": "Text/Chart", "rows": 200 },
            { "name": "TinyChart", "file": "TinyChart.tsv", "kind": "relaxed", "group": "Text/Chart", "rows": 200 },
            { "name": "TinyVQA", "file": "TinyVQA.tsv", "kind": "vqa", "group": "Text/Chart", "rows": 200 }
          ]
        }
        """;

    /// <summary>Its tables with a file of their rows, as links in a folder.</summary>
    public static string Tables(ScratchFolder scratch)
    {
        string folder = scratch.At("first-demo-tables");
        Directory.CreateDirectory(folder);
        foreach (string table in Directory.EnumerateFiles(Shared.Require("demo", "benchmarks"), "*.tsv")) File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(table)), table);
        File.WriteAllText(Path.Combine(folder, Benchmarks.RowsFile), Rows);
        return folder;
    }
}
