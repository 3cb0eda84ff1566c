using System.Collections.Concurrent;
using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Tests.Data;

public class SampleLoaderTests
{
    private static readonly LoaderOptions Options = new(MaxTokens: 10, Workers: 4, Capacity: 6);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(8, 20)]
    public void The_order_and_the_counts_do_not_depend_on_the_workers(int workers, int capacity)
    {
        SkipCounts skipped = [];
        LoadedSample[] loaded = [.. SampleLoader.Load(SampleStoreTests.Samples(200), Encode, skipped, Options with { Workers = workers, Capacity = capacity })];
        Assert.Equal(Enumerable.Range(0, 200).Where(row => row % 7 != 0 && row % 11 != 0 && row % 13 != 0), loaded.Select(sample => (int)sample.Row));
        Assert.All(loaded, sample => Assert.Equal((sample.Row, 1), (sample.Index, sample.Encoded.Length)));
        Assert.Equal("16 odd, 12 too long, 29 undecodable image", skipped.ToString());
    }

    [Fact]
    public void Counts_cover_exactly_the_samples_up_to_the_one_in_hand()
    {
        SkipCounts skipped = [];
        foreach (LoadedSample sample in SampleLoader.Load(SampleStoreTests.Samples(100), Encode, skipped, Options))
            Assert.Equal(Enumerable.Range(0, (int)sample.Index).Count(row => row % 7 == 0 || row % 11 == 0 || row % 13 == 0), skipped.Total);
    }

    [Fact]
    public void A_resumed_epoch_gives_the_rest_with_the_same_indices_and_counts()
    {
        SkipCounts whole = [], before = [], after = [];
        LoadedSample[] all = [.. SampleLoader.Load(SampleStoreTests.Samples(100), Encode, whole, Options)];
        LoadedSample[] first = [.. SampleLoader.Load(SampleStoreTests.Samples(100), Encode, before, Options).Take(40)];
        long next = first[^1].Index + 1;
        LoadedSample[] rest = [.. SampleLoader.Load(SampleStoreTests.Samples(100).Skip((int)next), Encode, after, Options, next)];
        Assert.Equal(all.Select(sample => (sample.Index, sample.Row)), first.Concat(rest).Select(sample => (sample.Index, sample.Row)));
        before.Merge(after);
        Assert.Equal(whole, before);
    }

    [Fact]
    public void No_more_samples_are_prepared_than_fit_in_the_queue()
    {
        int taken = 0;
        IEnumerable<Sample> Source()
        {
            foreach (Sample sample in SampleStoreTests.Samples(1000))
            {
                Interlocked.Increment(ref taken);
                yield return sample;
            }
        }
        int consumed = 0;
        foreach (LoadedSample _ in SampleLoader.Load(Source(), One, [], Options).Take(50))
        {
            consumed++;
            Assert.InRange(Volatile.Read(ref taken), consumed, consumed + Options.Capacity + 1);
        }
    }

    [Fact]
    public void Stopping_early_ends_the_source_and_every_worker()
    {
        int inside = 0;
        bool ended = false;
        IEnumerable<Sample> Endless()
        {
            try
            {
                for (int row = 0; ; row++) yield return SampleStoreTests.Samples(1).First() with { Row = row };
            }
            finally
            {
                ended = true;
            }
        }
        EncodedSample Slow(Sample sample)
        {
            Interlocked.Increment(ref inside);
            Thread.Sleep(2);
            Interlocked.Decrement(ref inside);
            return One(sample);
        }
        Assert.Equal([0, 1, 2], SampleLoader.Load(Endless(), Slow, [], Options).Take(3).Select(sample => sample.Row));
        Assert.True(ended);
        Assert.Equal(0, inside);
    }

    [Fact]
    public void An_error_of_a_worker_surfaces_after_the_samples_before_it()
    {
        List<long> seen = [];
        var error = Assert.Throws<InvalidOperationException>(() =>
        {
            foreach (LoadedSample sample in SampleLoader.Load(SampleStoreTests.Samples(50), sample => sample.Row == 20 ? throw new InvalidOperationException("worker") : One(sample), [], Options)) seen.Add(sample.Row);
        });
        Assert.Equal("worker", error.Message);
        Assert.Equal(Enumerable.Range(0, 20).Select(row => (long)row), seen);
    }

    [Fact]
    public void An_error_of_the_source_surfaces_after_the_samples_before_it()
    {
        IEnumerable<Sample> Broken()
        {
            foreach (Sample sample in SampleStoreTests.Samples(5)) yield return sample;
            throw new InputException("The data file is broken.");
        }
        List<long> seen = [];
        Assert.Throws<InputException>(() =>
        {
            foreach (LoadedSample sample in SampleLoader.Load(Broken(), One, [], Options)) seen.Add(sample.Row);
        });
        Assert.Equal([0, 1, 2, 3, 4], seen);
    }

    [Fact]
    public void A_source_that_ends_because_of_a_cancellation_is_no_source_that_has_ended()
    {
        using CancellationTokenSource cancel = new();
        IEnumerable<Sample> Ending()
        {
            yield return SampleStoreTests.Samples(1).Single();
            cancel.Cancel();   // the queue is closed behind one sample before the consumer looks again
        }
        Assert.ThrowsAny<OperationCanceledException>(() => SampleLoader.Load(Ending(), _ => throw new SampleException(SkipReason.NotEncodable), [], Options, cancellation: cancel.Token).Count());
        cancel.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => SampleLoader.Load([], _ => throw new SampleException(SkipReason.NotEncodable), [], Options, cancellation: cancel.Token).Count());
    }

    [Fact]
    public void Cancelling_ends_a_consumer_that_waits()
    {
        using CancellationTokenSource cancel = new();
        using ManualResetEventSlim release = new();
        EncodedSample Stuck(Sample sample)
        {
            if (sample.Row != 3) return One(sample);
            cancel.Cancel();
            release.Wait(TimeSpan.FromSeconds(0.2));
            return One(sample);
        }
        Assert.ThrowsAny<OperationCanceledException>(() => SampleLoader.Load(SampleStoreTests.Samples(50), Stuck, [], Options, cancellation: cancel.Token).Count());
    }

    [Fact]
    public void Samples_are_encoded_by_several_threads_and_none_of_them_is_the_consumers()
    {
        ConcurrentDictionary<int, bool> threads = [];
        using Barrier together = new(2);
        EncodedSample Meet(Sample sample)
        {
            threads[Environment.CurrentManagedThreadId] = true;
            if (sample.Row < 2) Assert.True(together.SignalAndWait(TimeSpan.FromSeconds(20)));
            return One(sample);
        }
        Assert.Equal(30, SampleLoader.Load(SampleStoreTests.Samples(30), Meet, [], Options).Count());
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, threads.Keys);
        Assert.InRange(threads.Count, 2, 4);
    }

    [Fact]
    public void An_encoder_tells_a_bad_image_from_a_sample_the_processor_refuses()
    {
        Func<Sample, EncodedSample> encoder = SampleLoader.Encoder(
            (bytes, _) => bytes[0] == 1 ? throw new InputException("no image") : Whole(new(1, 1, bytes)),
            (sample, _) => sample.Row == 2 ? throw new InputException("too narrow") : One(sample));
        SkipCounts skipped = [];
        Assert.Equal([0L], SampleLoader.Load(SampleStoreTests.Samples(3), encoder, skipped, Options).Select(sample => sample.Row));
        Assert.Equal("1 not encodable, 1 undecodable image", skipped.ToString());
    }

    internal static EncodedSample Tokens(int count) => new(new int[count], new TokenKind[count], [new int[count]], count, []);

    private static VisualInput Whole(RgbImage image) => VisualInput.Whole(image, image, tokenCount: 1);

    private static EncodedSample One(Sample sample) => Tokens(1);

    private static EncodedSample Encode(Sample sample)
    {
        if (sample.Row % 5 == 0) Thread.Sleep(1);                         // later samples overtake this one
        return sample.Row % 7 == 0 ? throw new InputException("not an image") : sample.Row % 11 == 0 ? throw new SampleException("odd") : Tokens(sample.Row % 13 == 0 ? 11 : 1);
    }
}
