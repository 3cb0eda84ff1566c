using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Jobs;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>
/// A calibration on several ranks. Every rank goes over the outlines of all samples, which decide the batches; a rank decodes and measures
/// the batches that are dealt to it. The sums are the same as on one rank, and so is everything that is made of them.
/// An outline does not show that the pixels behind it are damaged: where that is found the batches from there on are put together anew.
/// </summary>
internal static class DealtCalibration
{
    /// <summary>Name of the task.</summary>
    public const string Task = "calibrate";

    private static readonly Dictionary<long, string> None = [];

    /// <summary>The leader's part: the batches from a sample on, in order.</summary>
    /// <param name="work">The samples.</param>
    /// <param name="job">The work.</param>
    /// <param name="adaptive">It may end with a block.</param>
    /// <param name="next">Index of the first sample.</param>
    /// <param name="skipped">Where those are counted that are left out.</param>
    public static IEnumerable<MeasuredBatch> Lead(CalibrationWork work, Job job, bool adaptive, long next, SkipCounts skipped)
    {
        Dictionary<long, string> failing = [];
        while (true)
        {
            var start = new Start(adaptive, next, skipped.ToDictionary(), failing);
            job.Call(Task, work.ModelFolder, start.ToJson());
            using var completed = new Completion(job);
            BatchReport? last = null;
            foreach (byte[] bytes in Dealing.InOrder(job.Ranks, pieces => Share(work, pieces, start, job), job.Cancellation))
            {
                last = BatchReport.Read(bytes);
                if (last.Batch is not { } batch) continue;   // there is none behind it
                if (batch.EndedBlock is { } block) work.Filtered(block, last.Filtered!);
                next = batch.Next;
                skipped.ReplaceBy(batch.Skipped);
                yield return batch;
            }
            if (last!.Failing.Count == 0)
            {
                skipped.ReplaceBy(last.Skipped!);
                work.Filtered(null, last.Filtered!);
                yield break;
            }
            foreach (var (index, reason) in last.Failing) failing[index] = reason;
        }
    }

    /// <summary>A member's part.</summary>
    public static void Join(LoadedModel loaded, Job job, JsonObject content)
    {
        var start = Start.Of(content);
        var work = new CalibrationWork(loaded, job, start.Adaptive);
        Dealing.Join(job.Ranks, pieces => Share(work, pieces, start, job));
    }

    /// <summary>What comes of the pieces that a rank is dealt; the samples of the next one are decoded while one is measured.</summary>
    private static IEnumerable<(int Piece, byte[] Report)> Share(CalibrationWork work, IEnumerable<int> pieces, Start start, Job job)
    {
        var meter = work.Meter();
        foreach (var (piece, batch, report) in Ahead.Of(Opened(work, pieces, start), job.Cancellation))
        {
            job.Cancellation.ThrowIfCancellationRequested();
            var done = batch is null ? report : report with { Batch = report.Batch! with { Sums = meter.Measure(batch) } };
            yield return (piece, done.ToBytes());
        }
    }

    private static IEnumerable<(int Piece, EncodedSample[]? Batch, BatchReport Report)> Opened(CalibrationWork work,
        IEnumerable<int> pieces, Start start)
    {
        var skipped = new SkipCounts(start.Skipped);
        foreach (var (piece, batch) in Dealing.At(work.Outlines(start.Next, skipped, start.Failing), pieces))
        {
            if (batch is null)
            {
                yield return (piece, null, new(null, None, skipped, work.FilteredUpTo(null)));
                continue;
            }
            var opened = new (EncodedSample? Encoded, string? Skip)[batch.Samples.Count];
            Parallel.For(0, opened.Length, i => opened[i] = batch.Samples[i].Open!());
            Dictionary<long, string> failing = new(opened.Index().Where(sample => sample.Item.Encoded is null)
                .Select(sample => KeyValuePair.Create(batch.Samples[sample.Index].Index, sample.Item.Skip!)));
            yield return failing.Count > 0 ? (piece, null, new(null, failing, null, null))
                : (piece, [.. opened.Select(sample => sample.Encoded!)], new(batch.Measured([]), None, null,
                    batch.EndedBlock is { } block ? work.FilteredUpTo(block) : null));
        }
    }

    /// <summary>Waits for the members at the end of a round, whoever ends it; not where the work is called off.</summary>
    private sealed class Completion(Job job) : IDisposable
    {
        public void Dispose()
        {
            if (!job.Cancellation.IsCancellationRequested) job.Ranks.Complete();
        }
    }

    /// <summary>Where a round of the calibration begins.</summary>
    private sealed record Start(bool Adaptive, long Next, IReadOnlyDictionary<string, long> Skipped,
        IReadOnlyDictionary<long, string> Failing)
    {
        public JsonObject ToJson() => new()
        {
            ["adaptive"] = Adaptive,
            ["next"] = Next,
            ["skipped"] = new JsonObject(Skipped.Select(count => KeyValuePair.Create(count.Key, (JsonNode?)count.Value))),
            ["failing"] = new JsonObject(Failing.Select(sample => KeyValuePair.Create($"{sample.Key}", (JsonNode?)sample.Value))),
        };

        public static Start Of(JsonObject json) => new((bool)json["adaptive"]!, (long)json["next"]!,
            ((JsonObject)json["skipped"]!).ToDictionary(count => count.Key, count => (long)count.Value!),
            ((JsonObject)json["failing"]!).ToDictionary(sample => long.Parse(sample.Key), sample => (string)sample.Value!));
    }
}
