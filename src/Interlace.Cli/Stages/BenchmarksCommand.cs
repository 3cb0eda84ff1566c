using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Evaluation.Tables;
using Interlace.Outputs;
using Interlace.Vlm;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>benchmarks fetch --out DIR</c>: the tables of the paper's benchmarks, from where they are published.</summary>
internal static class BenchmarksCommand
{
    private const string Fetch = "fetch";

    private static readonly Argument<string> Action = new("ACTION") { Description = "fetch." };
    private static readonly Option<string> Target = StageOptions.Out("Folder of tables; those that are there stay.", "DIR");
    private static readonly Option<string?> Only = new("--only")
    {
        Description = $"Names of benchmarks, separated by commas (default: "
            + $"{string.Join(", ", Benchmarks.Paper.Select(known => known.Name))}).",
        HelpName = "A,B",
    };
    private static readonly Option<string?> Mirror = new("--mirror")
    {
        Description = "Address of a folder with the same files, in place of the published addresses.", HelpName = "URL",
    };

    public static Verb Create() => new("benchmarks", "Fetch the tables of the paper's twelve benchmarks, checked by their MD5.",
        ["interlace benchmarks fetch --out LMUData", "interlace benchmarks fetch --only AI2D,POPE --out LMUData"], Run, resumes: true)
        { Action, Only, Mirror, Target };

    private static int Run(Invocation invocation)
    {
        if (invocation.Get(Action) is var action && action != Fetch)
            throw new InputException($"'{action}' is nothing that is done with benchmarks: write interlace benchmarks {Fetch}.");
        string folder = invocation.Get(Target)!;
        if (File.Exists(folder)) throw new InputException($"{folder} is a file: name a folder to write to.");
        var chosen = TableFetch.Chosen(invocation.Get(Only)?.Split(',',
            StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        Uri? mirror = invocation.Get(Mirror) is { } text ? AddressOf(text) : null;
        Directory.CreateDirectory(folder);
        List<(Benchmark Benchmark, long Bytes)> there = [];
        using (FolderLock.Take(folder))
        {
            foreach (Benchmark benchmark in chosen)
            {
                long bytes = TableFetch.Fetch(benchmark, folder, invocation.Hub.Settings, mirror, invocation.Progress,
                    invocation.Cancellation);
                there.Add((benchmark, bytes));
            }
        }
        invocation.Print(() => new JsonObject
        {
            ["folder"] = folder,
            ["tables"] = new JsonArray([.. there.Select(table => (JsonNode)new JsonObject
            {
                ["name"] = table.Benchmark.Name, ["file"] = table.Benchmark.File, ["bytes"] = table.Bytes, ["md5"] = table.Benchmark.Md5,
            })]),
        }, console => console.WriteLine($"{folder}: {there.Count} tables, {Layout.Bytes(there.Sum(table => table.Bytes))}"));
        invocation.Log($"Next: interlace evaluate MODEL --benchmarks {folder} --out RUN");
        return ExitCode.Done;
    }

    private static Uri AddressOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https"
        ? address : throw new InputException($"'{text}' is no address of a mirror: give one such as https://example.org/tables.");
}
