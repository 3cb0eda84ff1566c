using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Experiments;
using Interlace.Samples;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>sample hf://ORG/NAME --rate R --out DIR</c>: the drawn rows of a collection of data sets, and nothing else of it.</summary>
internal static class SampleCommand
{
    private static readonly Argument<string> Source = new("SOURCE")
    {
        Description = "Data sets in FineVision's schema: hf://ORG/NAME[@REVISION], or a folder.",
    };
    private static readonly Option<string> Target =
        StageOptions.Out("Folder to fill; every command takes it in place of the whole.", "DIR");

    public static Verb Create() => new("sample",
        "Take the rows that a draw names out of data sets on the hub or in a folder: they stand for the whole wherever that draw is "
            + "asked for.",
        [
            "interlace sample hf://HuggingFaceM4/FineVision --rate 0.01 --out data/finevision-1pc",
            "interlace sample hf://HuggingFaceM4/FineVision --rate 0.01 --seed 1 --out data/finevision-1pc-seed1",
            "interlace sample data/finevision --recipe authors --out data/finevision-authors",
        ], Run, resumes: true) { Source, StageOptions.Rate, Target, CommonOptions.Config, CommonOptions.Recipe, CommonOptions.Set };

    private static int Run(Invocation invocation)
    {
        var experiment = invocation.Experiment();
        string target = invocation.Get(Target)!;
        var result = Take(invocation, invocation.Get(Source), target, experiment.Data ?? new(), experiment.Seed, invocation.Force);
        invocation.Print(() => ToJson(result), console =>
            console.WriteLine($"{target}: {Layout.Count(result.File.Sets.Sum(set => set.Rows))} rows of "
            + $"{result.File.Sets.Count} sets, {Layout.Bytes(result.File.Sets.Sum(set => set.Bytes))}; "
                + $"{Layout.Bytes(result.BytesFetched)} came now"));
        return ExitCode.Done;
    }

    /// <summary>Takes a sample, and says before it begins what will come of each set.</summary>
    internal static SampleResult Take(Invocation invocation, string source, string target, DataOptions data, int seed, bool force) =>
        SampleStage.Run(source, target, data, seed, () => invocation.Hub.Settings, force,
            estimates => invocation.DrawOnError(console => Draw(console, estimates)), invocation.Progress, invocation.Cancellation);

    private static void Draw(IAnsiConsole console, IReadOnlyList<SampleEstimate> estimates)
    {
        var table = Layout.Table("set", "files", "rows", "drawn", "about", "of");
        foreach (var set in estimates.Append(new("all", estimates.Sum(set => set.Files), estimates.Sum(set => set.Rows),
            estimates.Sum(set => set.Drawn),
            estimates.Sum(set => set.Bytes), estimates.Sum(set => set.WholeBytes))))
        {
            table.AddRow(Markup.Escape(set.Set), Layout.Count(set.Files), Layout.Count(set.Rows), Layout.Count(set.Drawn),
                Layout.Bytes(set.Bytes),
                Layout.Bytes(set.WholeBytes));
        }
        console.Write(table);
    }

    private static JsonObject ToJson(SampleResult result) => new()
    {
        ["folder"] = result.Folder, ["rows"] = result.File.Sets.Sum(set => set.Rows), ["sets"] = result.File.Sets.Count,
        ["bytes"] = result.File.Sets.Sum(set => set.Bytes), ["fetched_bytes"] = result.BytesFetched,
        ["commit"] = result.File.Source.Commit,
        ["draw"] = StrictJson.Parse(result.File.ToJson())!["draw"]!.DeepClone(),
    };
}
