using CsCheck;
using Interlace.Data;

namespace Interlace.Tests.Data;

public class BatcherTests
{
    private static readonly Gen<int[]> Lengths = Gen.Int[1, 120].Array[0, 80];

    [Fact]
    public void Every_sample_is_in_exactly_one_micro_batch() => Gen.Select(Lengths, Gen.Int[1, 200]).Sample((lengths, budget) =>
        Assert.Equal(Enumerable.Range(0, lengths.Length), Batcher.ByTokens(lengths, budget).SelectMany(batch => batch).Order()));

    [Fact]
    public void Only_a_sample_alone_may_exceed_the_budget() => Gen.Select(Lengths, Gen.Int[1, 200]).Sample((lengths, budget) =>
        Assert.All(Batcher.ByTokens(lengths, budget), batch => Assert.True(batch.Count == 1 || batch.Sum(i => lengths[i]) <= budget)));

    [Fact]
    public void A_micro_batch_is_opened_only_where_no_earlier_one_has_room() => Gen.Select(Lengths, Gen.Int[1, 200]).Sample((lengths, budget) =>
    {
        IReadOnlyList<IReadOnlyList<int>> batches = Batcher.ByTokens(lengths, budget);
        for (int later = 1; later < batches.Count; later++)
            foreach (IReadOnlyList<int> earlier in batches.Take(later))
                Assert.True(earlier.Where(i => i < batches[later][0]).Sum(i => lengths[i]) + lengths[batches[later][0]] > budget);
    });

    [Fact]
    public void Samples_are_placed_first_fit_in_their_order() =>
        Assert.Equal("0 2 3|1|4|5", string.Join('|', Batcher.ByTokens([4, 8, 3, 3, 99, 9], 10).Select(batch => string.Join(' ', batch))));

    [Fact]
    public void Fixed_micro_batches_keep_the_order_and_the_smaller_rest() =>
        Assert.Equal([3, 3, 1], Batcher.ByCount(7, 3).Select(batch => batch.Count));

    [Fact]
    public void Batches_in_order_keep_to_the_budget() =>
        Assert.Equal([[4], [8], [3, 3], [99], [9]], Batcher.InOrder(Samples([4, 8, 3, 3, 99, 9]), 10)
            .Select(batch => batch.Select(sample => sample.Encoded.Length)));

    [Fact]
    public void Steps_have_their_number_of_samples_and_the_last_smaller_one_is_kept() => Gen.Select(Lengths, Gen.Int[1, 40], Gen.Int[1, 200]).Sample((lengths, size, budget) =>
    {
        OptimiserStep[] steps = [.. Batcher.Steps(Samples(lengths), new BatchOptions(size, budget))];
        Assert.Equal((lengths.Length + size - 1) / size, steps.Length);
        Assert.All(steps.SkipLast(1), step => Assert.Equal(size, step.MicroBatches.Sum(batch => batch.Count)));
        Assert.Equal(Enumerable.Range(0, lengths.Length), steps.SelectMany(step => step.MicroBatches.SelectMany(batch => batch).Select(sample => (int)sample.Index).Order()));
        Assert.Equal(steps.Select((_, i) => (long)Math.Min((i + 1) * size, lengths.Length)), steps.Select(step => step.NextIndex));
    });

    [Fact]
    public void A_step_of_32_is_two_micro_batches_of_16_where_they_are_fixed() =>
        Assert.Equal([[16, 16], [8]], Batcher.Steps(Samples([.. Enumerable.Repeat(5, 40)]), new BatchOptions(SamplesPerMicroBatch: 16)).Select(step => step.MicroBatches.Select(batch => batch.Count)));

    [Fact]
    public void A_step_is_there_before_the_next_sample_is_asked_for()
    {
        int asked = 0;
        IEnumerable<LoadedSample> Source()
        {
            foreach (LoadedSample sample in Samples([1, 1, 1, 1]))
            {
                asked++;
                yield return sample;
            }
        }
        Assert.Equal([2, 4], Batcher.Steps(Source(), new BatchOptions(2)).Select(_ => asked));
    }

    private static IEnumerable<LoadedSample> Samples(int[] lengths) => lengths.Select((length, i) => new LoadedSample(i, "set", "shard", i, SampleLoaderTests.Tokens(length)));
}
