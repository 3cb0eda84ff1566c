using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Engine;

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

    /// <summary>Writes a line to the log, where there is one.</summary>
    public void Say(string line) => Log?.Invoke(line);

    /// <summary>Opens a model for this work, and says what a reader should know about its folder.</summary>
    /// <param name="folder">The model folder; the caller disposes the model.</param>
    /// <exception cref="InputException">The folder is wrong.</exception>
    public LoadedModel Open(string folder)
    {
        var loaded = LoadedModel.Open(folder, Compute.Device, Compute.Type, Experiment.Data!.MaxPixels, Cancellation);
        foreach (string warning in loaded.Warnings) Say(warning);
        return loaded;
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
