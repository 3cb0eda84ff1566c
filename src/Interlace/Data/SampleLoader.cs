using System.Collections.Concurrent;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Data;

/// <summary>How samples are prepared in the background.</summary>
/// <param name="MaxTokens">Longer samples are counted and left out.</param>
/// <param name="Workers">Threads that decode and tokenise; 0: one less than the processors.</param>
/// <param name="Capacity">Samples that are prepared or being prepared ahead of the consumer; 0: four per worker.</param>
public sealed record LoaderOptions(int MaxTokens = 16_384, int Workers = 0, int Capacity = 0)
{
    /// <summary>
    /// The sample to take in place of one that cannot be used, or null where there is none, which ends the loading;
    /// absent where such a sample is counted and left out.
    /// </summary>
    public Func<Sample, Sample?>? Next { get; init; }

    /// <summary>
    /// Encodes a sample without its pixels: samples come as outlines, each of which is opened by <see cref="LoadedSample.Open"/> where it
    /// is wanted. Absent where they come whole.
    /// </summary>
    public Func<Sample, EncodedSample>? Outline { get; init; }

    /// <summary>Samples that are known to fail, by their indices, with the reason: outlines do not show it.</summary>
    public IReadOnlyDictionary<long, string>? Failing { get; init; }
}

/// <summary>A sample ready for the model.</summary>
/// <param name="Index">
/// Its place in the epoch, counted over all samples of the source, those left out included: a run resumes at the last index + 1.
/// </param>
/// <param name="Set">Name of the data set it came from.</param>
/// <param name="Shard">Name of its file in the set.</param>
/// <param name="Row">Its 0-based row in the file.</param>
/// <param name="Encoded">Its tokens and images.</param>
public sealed record LoadedSample(long Index, string Set, string Shard, long Row, EncodedSample Encoded)
{
    /// <summary>
    /// Of an outline: encodes the sample with its pixels, or gives the reason why it cannot be used. Several threads may call.
    /// </summary>
    internal Func<(EncodedSample? Encoded, string? Skip)>? Open { get; init; }
}

/// <summary>
/// Decodes and tokenises in the background, behind a plain sequence. The order, what is left out and what is counted do not depend on the
/// number of workers. Workers make arrays only; tensors are the consumer's business.
/// </summary>
public static class SampleLoader
{
    /// <summary>
    /// Puts a decoder of images and a model's processor together. Input that either refuses becomes a
    /// <see cref="SampleException"/> with its reason.
    /// </summary>
    /// <param name="decode">
    /// An encoded file, one of so many, to what a model sees of it; throws <see cref="InputException"/> where it is no complete image.
    /// </param>
    /// <param name="encode">A conversation and its images to tokens.</param>
    public static Func<Sample, EncodedSample> Encoder(
        Func<byte[], int, VisualInput> decode, Func<Sample, IReadOnlyList<VisualInput>, EncodedSample> encode) => sample =>
    {
        VisualInput[] images = [.. sample.Images.Select(file => Image(file, bytes => decode(bytes, sample.Images.Count)))];
        return As(SkipReason.NotEncodable, () => encode(sample, images));
    };

    /// <summary>Decodes an image; what it is refused for becomes a <see cref="SampleException"/>.</summary>
    internal static VisualInput Image(byte[] encoded, Func<byte[], VisualInput> decode) =>
        ImageDecoder.IsTooLarge(encoded)
            ? throw new SampleException(SkipReason.TooLargeImage) : As(SkipReason.UndecodableImage, () => decode(encoded));

    /// <summary>
    /// A model's own processing of each of so many images, whose refusals are counted as its own
    /// and not as an image that cannot be decoded.
    /// </summary>
    internal static Func<RgbImage, VisualInput> Preparer(Processor processor, int imageCount) =>
        image => As(SkipReason.NotEncodable, () => processor.Prepare(image, imageCount));

    /// <summary>
    /// The samples of <paramref name="source"/> encoded, in their order. A sample for which <paramref name="encode"/> throws
    /// <see cref="InputException"/>, or that is too long, is counted in <paramref name="skipped"/> at the moment its successor is asked
    /// for, on the consumer's thread: after the item with index i the counts cover exactly the indices up to i. Any other exception of the
    /// source or a worker surfaces on the consumer, after the samples before it. Whoever stops early leaves no thread behind.
    /// </summary>
    /// <param name="source">Read on one background thread, from its first element on.</param>
    /// <param name="encode">Called by several threads at once.</param>
    /// <param name="skipped">Where left-out samples are counted.</param>
    /// <param name="options">Limits and sizes.</param>
    /// <param name="firstIndex">Index of the first element of <paramref name="source"/>, above 0 in a resumed epoch.</param>
    /// <param name="cancellation">Ends the enumeration with <see cref="OperationCanceledException"/>.</param>
    public static IEnumerable<LoadedSample> Load(IEnumerable<Sample> source, Func<Sample, EncodedSample> encode, SkipCounts skipped,
        LoaderOptions? options = null, long firstIndex = 0, CancellationToken cancellation = default)
    {
        options ??= new LoaderOptions();
        int workers = options.Workers > 0 ? options.Workers : Math.Max(1, Environment.ProcessorCount - 1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var ordered = new BlockingCollection<Slot>(options.Capacity > 0 ? options.Capacity : 4 * workers);
        using var work = new BlockingCollection<Slot>();
        Task[] threads = [Start(() => Feed(source, firstIndex, ordered, work, stop.Token)),
            .. Enumerable.Range(0, workers).Select(_ => Start(() => Work(work, encode, options, stop.Token)))];
        try
        {
            long index = firstIndex;
            foreach (Slot slot in ordered.GetConsumingEnumerable(stop.Token))
            {
                Outcome outcome = slot.Wait(stop.Token);
                if (outcome.Skip is { } reason) skipped.Add(reason);
                if (outcome.Encoded is { } encoded)
                {
                    var (set, shard, row) = (slot.Sample!.Set, slot.Sample.Shard, slot.Sample.Row);
                    yield return new LoadedSample(index, set, shard, row, encoded) { Open = outcome.Open };
                }
                index++;
            }
            // the feeder may have seen it first: its queue then looks like that of a source that has ended
            stop.Token.ThrowIfCancellationRequested();
        }
        finally
        {
            stop.Cancel();
            Task.WaitAll(threads, CancellationToken.None);
        }
    }

    private static void Feed(IEnumerable<Sample> source, long index, BlockingCollection<Slot> ordered, BlockingCollection<Slot> work,
        CancellationToken stop)
    {
        try
        {
            foreach (Sample sample in source)
            {
                var slot = new Slot(sample, index++);
                ordered.Add(slot, stop);                                  // waits while the queue is full
                work.Add(slot, stop);
            }
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        catch (Exception e)
        {
            Report(e, ordered, stop);
        }
        finally
        {
            work.CompleteAdding();
            ordered.CompleteAdding();
        }
    }

    private static void Report(Exception error, BlockingCollection<Slot> ordered, CancellationToken stop)
    {
        var slot = new Slot(null, -1);
        slot.Fail(error);
        try
        {
            ordered.Add(slot, stop);
        }
        catch (OperationCanceledException)
        {
            // Nobody listens any more.
        }
    }

    private static void Work(BlockingCollection<Slot> work, Func<Sample, EncodedSample> encode, LoaderOptions options,
        CancellationToken stop)
    {
        foreach (Slot slot in work.GetConsumingEnumerable(CancellationToken.None))   // ends when the feeder does
        {
            if (stop.IsCancellationRequested) return;
            try
            {
                slot.Finish(Load(slot.Sample!, slot.Index, encode, options));
            }
            catch (Exception e)
            {
                slot.Fail(e);
            }
        }
    }

    private static Outcome Load(Sample sample, long index, Func<Sample, EncodedSample> encode, LoaderOptions options)
    {
        Outcome outcome = options.Failing?.GetValueOrDefault(index) is { } reason
            ? new(null, reason) : Encode(sample, options.Outline ?? encode, options.MaxTokens);
        if (outcome.Encoded is null && options.Next is not null) return Replaced(sample, outcome.Skip!, encode, options);
        return options.Outline is null ? outcome : outcome with
        {
            Open = () => Encode(sample, encode, options.MaxTokens) is var whole ? (whole.Encoded, whole.Skip) : default,
        };
    }

    private static Outcome Encode(Sample sample, Func<Sample, EncodedSample> encode, int maxTokens)
    {
        try
        {
            EncodedSample encoded = encode(sample);
            return encoded.Length > maxTokens ? new Outcome(null, SkipReason.TooLong) : new Outcome(encoded, null);
        }
        catch (SampleException e)
        {
            return new Outcome(null, e.Reason);
        }
        catch (InputException)
        {
            return new Outcome(null, SkipReason.UndecodableImage);
        }
    }

    /// <summary>What the next sample gives in place of one that failed, which is counted as replaced.</summary>
    private static Outcome Replaced(Sample sample, string reason, Func<Sample, EncodedSample> encode, LoaderOptions options)
    {
        InputException None() => new($"Row {sample.Row} of {sample.Set}/{sample.Shard} cannot be used ({reason}), "
            + "and there is none behind it that can: take it out of the data, or set finetune.failing=skip.");
        if (options.Next!(sample) is not { } next || Encode(next, options.Outline ?? encode, options.MaxTokens).Encoded is not { } encoded)
            throw None();
        return new Outcome(encoded, $"{reason}, replaced by the next")
        {
            Open = options.Outline is null ? null : () => (Encode(next, encode, options.MaxTokens).Encoded ?? throw None(), null),
        };
    }

    private static Task Start(Action body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    internal static T As<T>(string reason, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (InputException e) when (e is not SampleException)
        {
            throw new SampleException(reason, e);
        }
    }

    private readonly record struct Outcome(EncodedSample? Encoded, string? Skip)
    {
        public Func<(EncodedSample? Encoded, string? Skip)>? Open { get; init; }
    }

    /// <summary>A place in the ordered queue, filled by whichever worker takes it.</summary>
    private sealed class Slot(Sample? sample, long index)
    {
        private readonly TaskCompletionSource<Outcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Sample? Sample { get; } = sample;

        public long Index { get; } = index;

        public void Finish(Outcome outcome) => _outcome.SetResult(outcome);

        public void Fail(Exception error) => _outcome.SetException(error);

        public Outcome Wait(CancellationToken stop)
        {
            Task.WaitAny([_outcome.Task], stop);
            return _outcome.Task.GetAwaiter().GetResult();
        }
    }
}
