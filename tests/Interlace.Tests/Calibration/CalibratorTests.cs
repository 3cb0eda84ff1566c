using System.Runtime.InteropServices;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Vlm;

namespace Interlace.Tests.Calibration;

public sealed class CalibratorTests : IDisposable
{
    private static readonly CalibrationSettings Settings = new(1, 1, 3, 5, 100, null, false, 3, BatchTokens: 100, "cpu", "fp32");

    private readonly ScratchFolder _scratch = new();
    private readonly PreparedSamples _samples = new(TinyCheckpoints.Tied, 14);

    public void Dispose()
    {
        _samples.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_calibration_interrupted_after_any_batch_goes_on_to_the_same_bytes()
    {
        SkipCounts skipped = [];
        var (whole, batches) = Run("whole", skipped);
        Assert.True(batches >= 4);
        Assert.Equal((11, 3), (whole.Count, skipped.Total));
        for (int after = 1; after < batches; after++)
            foreach (bool loaderEnds in new[] { false, true })
            {
                string state = $"after {after} {loaderEnds}";
                Assert.ThrowsAny<OperationCanceledException>(() => Run(state, [], after, loaderEnds));
                Assert.True(File.Exists(_scratch.At(state)));
                SkipCounts resumedSkips = [];
                var (resumed, left) = Run(state, resumedSkips);
                Assert.Equal(batches - after, left);
                Assert.Equal(Bytes(whole), Bytes(resumed));
                Assert.Equal(skipped.ToString(), resumedSkips.ToString());
            }
    }

    [Fact]
    public void State_of_other_settings_is_not_taken_up()
    {
        Assert.ThrowsAny<OperationCanceledException>(() => Run("state", [], 2));
        var (_, batches) = Run("state", [], key: "other");
        Assert.Equal(Run("whole", []).Batches, batches);
    }

    [Fact]
    public void Data_without_a_usable_sample_is_refused_with_the_counts()
    {
        var calibrator = new Calibrator(_samples.Loaded.Model, Settings, _scratch.At("state"), "key");
        SkipCounts skipped = [];
        Assert.Contains("3 too long", Assert.Throws<InputException>(() => calibrator.Run((next, left) => _samples.Load([0, 1, 2], next, left, _ => true), 3, skipped)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch.At("state")));
    }

    // Blocks of three places: 0 1 2 | 3 | 6 7 8 | 9 10 11 | 12. The last is not asked about.
    [Theory, InlineData(3, new[] { 3, 4, 7 }), InlineData(9, new[] { 3, 4, 7, 10 })]
    public void It_ends_with_the_block_after_which_there_is_enough_however_often_it_is_interrupted(int enoughAt, int[] asked)
    {
        SkipCounts skipped = [];
        List<int> checks = [];
        var (whole, batches) = Run("whole", skipped, stop: Stop(checks, enoughAt));
        Assert.Equal(asked, checks);
        Assert.Equal(enoughAt > asked.Length ? 11 : asked[^1], whole.Count);
        Assert.Equal(Bytes([.. Run("all", [], stop: Stop([], int.MaxValue)).Sums.Take(whole.Count)]), Bytes(whole));
        for (int after = 1; after <= batches; after++)
        {
            string state = $"{enoughAt} after {after}";
            try
            {
                Run(state, [], after, loaderEnds: after % 2 == 0, stop: Stop([], enoughAt));
                File.Delete(_scratch.At(state));   // it was at its end already
            }
            catch (OperationCanceledException)
            {
                Assert.True(File.Exists(_scratch.At(state)));
            }
            SkipCounts resumedSkips = [];
            List<int> resumedChecks = [];
            var (resumed, _) = Run(state, resumedSkips, stop: Stop(resumedChecks, enoughAt));
            Assert.Equal(Bytes(whole), Bytes(resumed));
            Assert.Equal(skipped.ToString(), resumedSkips.ToString());
            Assert.Equal(asked, resumedChecks);
        }
    }

    private static EarlyStop Stop(List<int> checks, int enoughAt) => new(sample => (int)sample.Index / 3, samples =>
    {
        checks.Add(samples.Count);
        return checks.Count == enoughAt;
    });

    /// <param name="state">File of the state.</param>
    /// <param name="skipped">Counts.</param>
    /// <param name="batches">Ends after so many batches.</param>
    /// <param name="loaderEnds">The samples see the end before the calibrator does, as background loading does.</param>
    /// <param name="key">Key of the state.</param>
    /// <param name="stop">When to end before the samples do.</param>
    private (IReadOnlyList<SampleSums> Sums, int Batches) Run(string state, SkipCounts skipped, int batches = int.MaxValue, bool loaderEnds = false, string key = "key", EarlyStop? stop = null)
    {
        using var ending = new CancellationTokenSource();
        int done = 0;
        IEnumerable<LoadedSample> Load(long next, SkipCounts left)
        {
            foreach (var sample in _samples.Load([.. Enumerable.Range(0, _samples.Count)], next, left, i => i is 4 or 5 or 13))
            {
                if (loaderEnds) ending.Token.ThrowIfCancellationRequested();
                yield return sample;
            }
        }
        var progress = new ImmediateProgress(_ =>
        {
            if (++done == batches) ending.Cancel();
        });
        var sums = new Calibrator(_samples.Loaded.Model, Settings, _scratch.At(state), key, stop).Run(Load, _samples.Count, skipped, progress, ending.Token);
        return (sums, done);
    }

    private static byte[] Bytes(IReadOnlyList<SampleSums> sums) =>
        [.. sums.SelectMany(s => MemoryMarshal.AsBytes<long>(s.Counts).ToArray().Concat(s.Spans.OrderBy(span => span.Key).SelectMany(span => MemoryMarshal.AsBytes<double>([.. span.Value.Sums, .. span.Value.Last]).ToArray())))];
}
