using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>Which stages of a run folder have left their artefacts.</summary>
internal sealed class RunView
{
    /// <summary>Stages in their order, and the artefact that each leaves when it is done.</summary>
    private static readonly (string Stage, string Artefact)[] Stages =
    [
        ("calibrate", "similarity.json"),
        ("plan", "plan.json"),
        ("prune", "pruned"),
        ("finetune", "tuned"),
        ("evaluate", "predictions"),
        ("score", "scores.json"),
        (Likelihoods, "likelihoods.json"),
        ("report", "report.html"),
        ("demo", "summary.json"),
    ];

    private const string Likelihoods = "likelihoods";   // shown where they were taken

    private readonly string _folder;
    private readonly JsonObject? _record;
    private readonly (string Stage, string Artefact, long? Bytes)[] _stages;

    private RunView(string folder, JsonObject? record, (string, string, long?)[] stages)
    {
        (_folder, _record, _stages) = (folder, record, stages);
    }

    /// <summary>The run in a folder, or null where it holds none.</summary>
    public static RunView? Of(string folder)
    {
        var record = Record(Path.Combine(folder, RunFolder.Record));
        string[] evaluations = Evaluations(folder);
        var stages = Stages.SelectMany(stage => stage.Stage is not ("evaluate" or "score" or Likelihoods) || evaluations.Length == 0
            ? [stage] : evaluations.Select(name => (stage.Stage, Artefact: Path.Combine(name, stage.Artefact))))
            .Select(stage => (stage.Stage, stage.Artefact, Bytes: Size(Path.Combine(folder, stage.Artefact))))
            .Where(stage => stage.Stage != Likelihoods || stage.Bytes is not null).ToArray();
        return record is null && stages.All(stage => stage.Bytes is null) ? null : new(folder, record, stages);
    }

    public JsonNode ToJson() => new JsonObject
    {
        ["kind"] = "run",
        ["folder"] = _folder,
        ["command"] = _record?["command"]?.DeepClone(),
        ["settings_sha256"] = _record?["settings_sha256"]?.DeepClone(),
        ["stages"] = new JsonArray([.. _stages.Select(stage => (JsonNode)new JsonObject
        {
            ["name"] = stage.Stage, ["artefact"] = stage.Artefact, ["done"] = stage.Bytes is not null, ["bytes"] = stage.Bytes,
        })]),
    };

    public void Draw(IAnsiConsole console)
    {
        var facts = Layout.Facts();
        facts.AddRow("run", Markup.Escape(_folder));
        if (_record?["command"] is { } command) facts.AddRow("made by", Markup.Escape($"interlace {command}"));
        console.Write(facts);
        var table = Layout.Texts("stage", "artefact", "state", "size");
        foreach (var (stage, artefact, bytes) in _stages)
            table.AddRow(stage, artefact, bytes is null ? "[grey]-[/]" : "[green]done[/]", bytes is { } size ? Layout.Bytes(size) : "");
        console.Write(table);
    }

    /// <summary>Where a whole run puts its evaluations, the baseline first; none in the folder of one evaluation.</summary>
    private static string[] Evaluations(string folder)
    {
        string inner = Path.Combine(folder, RunFolder.Evaluated);
        if (!Directory.Exists(inner)) return [];
        return [.. RunFolder.InOrder(Directory.EnumerateDirectories(inner).Select(path => Path.GetFileName(path)))
            .Select(name => Path.Combine(RunFolder.Evaluated, name))];
    }

    private static long? Size(string path) =>
        File.Exists(path) ? new FileInfo(path).Length
        : Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length)
        : null;

    private static JsonObject? Record(string path) => File.Exists(path) ? StrictJson.ReadObject(path) : null;
}
