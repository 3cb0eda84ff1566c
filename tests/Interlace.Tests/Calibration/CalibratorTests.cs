using System.Runtime.InteropServices;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Vlm;

namespace Interlace.Tests.Calibration;

public sealed class CalibratorTests : IDisposable
{
    private static readonly CalibrationSettings Settings = new(1, 1, 3, 5, 100, null, false, 3, BatchTokens: 100, "cpu", "fp32");

    private readonly ScratchFolder _scratch = new();
    private readonly PreparedSamples _samples = new(Shared.Require("fixtures/qwen3vl/tiny-tied"), 14);

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

    /// <param name="state">File of the state.</param>
    /// <param name="skipped">Counts.</param>
    /// <param name="batches">Ends after so many batches.</param>
    /// <param name="loaderEnds">The samples see the end before the calibrator does, as background loading does.</param>
    /// <param name="key">Key of the state.</param>
    private (IReadOnlyList<SampleSums> Sums, int Batches) Run(string state, SkipCounts skipped, int batches = int.MaxValue, bool loaderEnds = false, string key = "key")
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
        var progress = new Told(_ =>
        {
            if (++done == batches) ending.Cancel();
        });
        var sums = new Calibrator(_samples.Loaded.Model, Settings, _scratch.At(state), key).Run(Load, _samples.Count, skipped, progress, ending.Token);
        return (sums, done);
    }

    private static byte[] Bytes(IReadOnlyList<SampleSums> sums) =>
        [.. sums.SelectMany(s => MemoryMarshal.AsBytes<long>(s.Counts).ToArray().Concat(s.Spans.OrderBy(span => span.Key).SelectMany(span => MemoryMarshal.AsBytes<double>([.. span.Value.Sums, .. span.Value.Last]).ToArray())))];
}
