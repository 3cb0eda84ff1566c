using System.Diagnostics;
using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>
/// Measures the similarity of every layer and triplet over samples,
/// in batches of a token budget that depend on the order of the samples alone:
/// a calibration that was interrupted goes on at the last batch it saved and gives the same bytes.
/// </summary>
/// <param name="model">The model to measure.</param>
/// <param name="settings">What decides the numbers.</param>
/// <param name="statePath">Where the state of an unfinished calibration is kept.</param>
/// <param name="key">Hash of everything that decides the numbers: state of another key is not resumed.</param>
/// <param name="stop">When to end before the samples do; null to use them all.</param>
/// <param name="identity">What the model is: state of another one is refused.</param>
public sealed class Calibrator(VisionLanguageModel model, CalibrationSettings settings, string statePath, string key,
    EarlyStop? stop = null, ModelIdentity? identity = null)
{
    private const string Next = "next";

    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(20);

    private readonly List<int> _checks = [];

    /// <summary>Samples there were each time that <see cref="EarlyStop.Enough"/> was asked.</summary>
    public IReadOnlyList<int> Checks => _checks;

    /// <summary>The last block whose samples were used; null where the samples ended first.</summary>
    public int? StoppedAfter { get; private set; }

    /// <summary>Lengths of the spans that are measured.</summary>
    public IReadOnlyList<int> Spans { get; } = SpansOf(model.Layers.Count, settings.MaxWindow, settings.Pairs);

    /// <summary>Lengths of the spans that are measured in a model of so many layers:
    /// layers and triplets, pairs where they are asked for, and every length up to a window beyond triplets.</summary>
    internal static IReadOnlyList<int> SpansOf(int layers, int maxWindow, bool pairs = false) =>
        [.. Enumerable.Range(1, Math.Max(3, maxWindow)).Where(n => n is 1 or 3 || n == 2 && pairs || maxWindow > 3)
            .Where(n => n <= layers)];

    /// <summary>What was left out before the samples came here, told where none is left.</summary>
    public Func<SkipCounts>? Filtered { get; init; }

    /// <summary>Runs or resumes, on this process alone.</summary>
    /// <param name="load">Gives the samples from an index on, counting what it leaves out.</param>
    /// <param name="total">Samples there are, for the progress.</param>
    /// <param name="skipped">Receives what was left out and why.</param>
    /// <param name="progress">Reports after each batch.</param>
    /// <param name="cancellation">Ends after a batch; the state is kept.</param>
    /// <returns>The sums of each sample, in order.</returns>
    /// <exception cref="InputException">No sample could be used, the state belongs to a model that has changed,
    /// or the model's files changed while they were used.</exception>
    public IReadOnlyList<SampleSums> Run(Func<long, SkipCounts, IEnumerable<LoadedSample>> load, long total, SkipCounts skipped,
        IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        var meter = new BatchMeter(model, settings, stop?.BlockOf);
        return Measure((next, left) => meter.Measure(load(next, left), left, cancellation), total, skipped, progress, cancellation);
    }

    /// <summary>Runs or resumes.</summary>
    /// <param name="measure">Gives the batches from a sample on, in order, counting what it leaves out.</param>
    /// <inheritdoc cref="Run"/>
    internal IReadOnlyList<SampleSums> Measure(Func<long, SkipCounts, IEnumerable<MeasuredBatch>> measure, long total,
        SkipCounts skipped, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        var (sums, next) = Resume(skipped, total);
        var lastSave = Stopwatch.StartNew();
        var saved = new SkipCounts(skipped);
        try
        {
            foreach (var batch in measure(next, skipped))
            {
                sums.AddRange(batch.Sums);
                if (batch.EndedBlock is { } block && IsEnough(sums))
                {
                    // No state is saved any more: one that is resumed always has a block to go on with.
                    StoppedAfter = block;
                    skipped.ReplaceBy(batch.Skipped);
                    return sums;
                }
                (next, saved) = (batch.Next, batch.Skipped);
                if (lastSave.Elapsed > SaveEvery)
                {
                    Save(sums, next, saved);
                    lastSave.Restart();
                }
                progress?.Report(new("calibrate", next, total, "samples", $"{sums.Sum(s => s.Counts.Sum()):N0} tokens"));
            }
        }
        catch (OperationCanceledException)   // from here or from the samples, which stop as soon
        {
            if (sums.Count > 0) Save(sums, next, saved);
            throw;
        }
        return sums.Count > 0 ? sums : throw new SkipCounts([.. skipped, .. Filtered?.Invoke() ?? []]).NoneLeft();
    }

    private bool IsEnough(List<SampleSums> sums)
    {
        _checks.Add(sums.Count);
        return stop!.Enough(sums);
    }

    /// <summary>Deletes the state of a calibration that is finished.</summary>
    public void DiscardState() => File.Delete(statePath);

    private (List<SampleSums> Sums, long Next) Resume(SkipCounts skipped, long total)
    {
        if (!File.Exists(statePath)) return ([], 0);
        SavedState saved;
        using (var file = SafeTensorsFile.Open(statePath)) saved = new(statePath, file.Metadata);
        if (!saved.BelongsTo(key, identity)) return ([], 0);
        var (sums, _) = SampleSumsFile.Read(statePath, Spans);
        long next = saved.Number(Next, total);
        if (sums.Any(sample => sample.Sinks is null)) return ([], 0);   // of an earlier version, which did not measure them
        if (sums.Count > next) throw saved.Damaged($"it has the sums of {sums.Count} samples of the first {next}");
        skipped.Merge(saved.SkipCounts());
        foreach (int count in saved.Numbers(SampleSumsFile.Checks, sums.Count))   // what it has seen decides with what comes
        {
            _checks.Add(count);
            stop?.Enough(sums[..count]);
        }
        return (sums, next);
    }

    private void Save(List<SampleSums> sums, long next, SkipCounts skipped) => SampleSumsFile.Write(statePath, sums, Spans,
        new Dictionary<string, string>(SavedState.Entries(key, identity, skipped)) { [Next] = $"{next}",
            [SampleSumsFile.Checks] = string.Join(',', _checks) });
}
