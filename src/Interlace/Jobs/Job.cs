using System.Text.Json.Nodes;
using Interlace.Experiments;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using TorchSharp;

namespace Interlace.Jobs;

/// <summary>A piece of work as its stages get it: what is asked for, where it is computed, who hears of it, and what ends it.</summary>
/// <param name="Experiment">All settings; sections that are absent have their defaults.</param>
/// <param name="Compute">Where and in which type it computes.</param>
/// <param name="Log">Gets one line about what a reader should know.</param>
/// <param name="Progress">How far the stage at work has come.</param>
/// <param name="Cancellation">Ends the stage at work at its next safe point.</param>
public sealed record Job(
    Experiment Experiment,
    Compute Compute,
    Action<string>? Log = null,
    IProgress<StageProgress>? Progress = null,
    CancellationToken Cancellation = default)
{
    /// <summary>All settings, every section spelled out.</summary>
    public Experiment Experiment { get; init => field = value.Complete(); } = Experiment.Complete();

    /// <summary>The processes that do the work together; this one alone where absent.</summary>
    public RankGroup Ranks { get; init; } = RankGroup.Alone;

    /// <summary>Writes a line to the log, where there is one.</summary>
    public void Say(string line) => Log?.Invoke(line);

    /// <summary>
    /// Opens a model for this work, and says what a reader should know about its folder. Members of the group open it at the same time.
    /// </summary>
    /// <param name="folder">The model folder; the caller disposes the model.</param>
    /// <exception cref="InputException">The folder is wrong.</exception>
    public LoadedModel Open(string folder)
    {
        if (Ranks is { Count: > 1, Leads: true }) Ranks.Prepare(Described(folder, []));
        var loaded = LoadedModel.Open(folder, Compute.Device, Compute.Type, Experiment.Data!.MaxPixels, Cancellation);
        foreach (string warning in loaded.Warnings) Say(warning);
        return loaded;
    }

    /// <summary>Calls the members of the group to a task of this work.</summary>
    /// <param name="task">Name of the task.</param>
    /// <param name="model">Folder of the model that it is about; empty where it is about none.</param>
    /// <param name="content">What the members must know beside the settings.</param>
    public void Call(string task, string model, JsonObject content)
    {
        Ranks.Call(task, Described(model, content));
        ConnectDevices();
    }

    private JsonObject Described(string model, JsonObject content)
    {
        content["model"] = model.Length > 0 ? Path.GetFullPath(model) : null;
        content["experiment"] = StrictJson.Parse(ExperimentFile.ToJson(Experiment));
        content["device"] = Compute.Device.type == DeviceType.CUDA ? "cuda" : "cpu";
        content["dtype"] = Compute.TypeName;
        return content;
    }

    /// <summary>Goes from device to device from here on, where the work is on devices; every rank of the group must ask for it.</summary>
    public void ConnectDevices()
    {
        if (Compute.Device.type == DeviceType.CUDA && !Ranks.ConnectDevices())
            Say("NCCL (libnccl.so.2) is not found: what the ranks sum goes through the memory of the CPU.");
    }

    /// <summary>The work as a member of the group gets it from <see cref="Call"/>; it says nothing to anybody.</summary>
    /// <remarks>Called to a task, it begins with <see cref="ConnectDevices"/>, as the leader does.</remarks>
    /// <param name="ranks">The group.</param>
    /// <param name="content">The call.</param>
    /// <param name="threads">Threads of the engine; the member's share of the machine's cores where absent.</param>
    public static Job Of(RankGroup ranks, JsonObject content, int? threads = null)
    {
        var compute = Compute.Choose((string)content["device"]!, (string)content["dtype"]!, threads, ranks.Launch.LocalCount);
        return new(ExperimentFile.Parse(content["experiment"]!.ToJsonString(), "the leader's settings"), compute) { Ranks = ranks };
    }

    /// <summary>A part of this work that settings of its own describe: its lines and stages bear its name.</summary>
    public Job Part(Experiment experiment, string name) => this with
    {
        Experiment = experiment,
        Log = line => Say($"{name}: {line}"),
        Progress = Progress is null ? null : new Named(Progress, name),
    };

    private sealed class Named(IProgress<StageProgress> to, string name) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => to.Report(value with { Stage = $"{name} {value.Stage}" });
    }
}
