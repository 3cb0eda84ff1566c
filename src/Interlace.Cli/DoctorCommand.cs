using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Ranks;
using Interlace.Runs;
using Interlace.Vlm.Engine;
using Spectre.Console;
using static TorchSharp.torch;

namespace Interlace.Cli;

/// <summary><c>doctor</c>: whether everything the program needs works on this machine, and how fast.</summary>
internal static class DoctorCommand
{
    public static Verb Create() => new("doctor", "Check that everything the program needs works on this machine, and how fast it computes.",
        ["interlace doctor", "interlace doctor --device cuda", "interlace doctor --json"], Run);

    private static int Run(Invocation invocation)
    {
        double? load = Load.Read();   // before the checks, which make some themselves
        var machine = new List<(string Name, string Value)>
        {
            ("program", ProgramVersion.CreatedBy),
            ("system",
                $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}"),
            ("processor", $"{Cpu.Cores} cores, {Environment.ProcessorCount} threads; "
                + $"{(Cpu.Features.Count > 0 ? string.Join(", ", Cpu.Features) : "no known extension")}"),
            ("memory", MemoryInUse()),
        };
        var checks = new List<CheckResult> { CheckResult.Of("engine", Checks.Engine) };
        IEnumerable<(string Name, Func<string> Check)> others = Checks.OfLibraries;
        if (checks[0].Works)
        {
            var compute = invocation.Compute();
            machine.Add(("CUDA", cuda.is_available()
                ? $"{cuda.device_count()} {(cuda.device_count() == 1 ? "device" : "devices")}" : "none"));
            machine.Add(("computes on",
                $"{compute.Device.type.ToString().ToLowerInvariant()} in {compute.TypeName} with {compute.Threads} threads"));
            machine.AddRange(OfRanks(invocation));
            if (load is { } busy) machine.Add(("load", Load.Say(busy, compute.Threads)));
            others = Checks.OfEngine(compute.Device).Concat(others);
        }
        foreach (var (name, check) in others)
        {
            invocation.Cancellation.ThrowIfCancellationRequested();
            checks.Add(CheckResult.Of(name, check));
        }
        bool works = checks.All(check => check.Works);
        invocation.Print(() => ToJson(machine, checks, works), console => Draw(console, machine, checks, works));
        return works ? ExitCode.Done : ExitCode.OurFault;
    }

    private static IEnumerable<(string Name, string Value)> OfRanks(Invocation invocation)
    {
        if (invocation.Ranks.Count == 1)
        {
            yield return ("ranks", RankGroup.FindLibrary() is { } found
                ? $"this process alone; Open MPI's library is there ({found})" : "this process alone; no library of Open MPI is found");
            yield break;
        }
        var survey = RankSurvey.Of(invocation.Job(invocation.Experiment()));
        yield return ("ranks", $"{survey.Ranks.Count}, by {invocation.Ranks.Library}; "
            + $"{survey.BytesPerSecond / 1e9:0.00} GB/s summed over all of them");
        foreach (var (i, rank) in survey.Ranks.Index()) yield return ($"rank {i}", rank);
    }

    private static string MemoryInUse()
    {
        var (total, available) = HostMemory.Read();
        return $"{Layout.Bytes(total)}, {Layout.Bytes(available)} available";
    }

    private static JsonObject ToJson(List<(string Name, string Value)> machine, List<CheckResult> checks, bool works) => new()
    {
        ["works"] = works,
        ["machine"] = new JsonObject(machine.Select(fact => KeyValuePair.Create(fact.Name.Replace(' ', '_').ToLowerInvariant(),
        (JsonNode?)fact.Value))),
        ["memory_bytes"] = new JsonObject { ["total"] = HostMemory.Read().Total, ["available"] = HostMemory.Read().Available },
        ["checks"] = new JsonArray([.. checks.Select(check => (JsonNode)new JsonObject
        {
            ["name"] = check.Name, ["works"] = check.Works, ["detail"] = check.Detail, ["seconds"] = Math.Round(check.Seconds, 4),
        })]),
    };

    private static void Draw(IAnsiConsole console, List<(string Name, string Value)> machine, List<CheckResult> checks, bool works)
    {
        var facts = Layout.Facts();
        foreach (var (name, value) in machine) facts.AddRow(name, Markup.Escape(value));
        console.Write(facts);
        var table = Layout.Texts("check", "", "detail");
        foreach (var check in checks)
            table.AddRow(check.Name, check.Works ? "[green]works[/]" : "[red]fails[/]", Markup.Escape(check.Detail));
        console.Write(table);
        console.MarkupLine(works ? "[green]Everything works.[/]" : $"[red]{checks.Count(check => !check.Works)} of {checks.Count} checks "
            + "fail.[/]");
    }
}
