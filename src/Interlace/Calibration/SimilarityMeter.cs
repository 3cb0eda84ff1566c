using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Calibration;

/// <summary>
/// Watches a pass and sums, for every span of layers, the cosine between each token's state before the span and after it (paper Eq. 1 for
/// triplets, 3.2 for layers). Only the inputs of the last few layers are held: memory does not grow with depth.
/// </summary>
/// <param name="layerCount">L.</param>
/// <param name="spans">Lengths of the spans to measure: 1 for layers, 3 for triplets.</param>
/// <param name="skipFirstToken">Leaves out the first token of each sample, an attention sink.</param>
/// <param name="states">What is compared: layer, transformers-4.57 or transformers-5
/// (see <see cref="Experiments.CalibrationOptions.States"/>).</param>
/// <param name="cosines">fp32 or bf16.</param>
public sealed class SimilarityMeter(int layerCount, IReadOnlyList<int> spans, bool skipFirstToken = false, string states = "layer",
    string cosines = "fp32")
{
    /// <summary>Number of classes of tokens that are summed apart (<see cref="LayerSimilarity.Classes"/>).</summary>
    public const int Classes = 3;

    private readonly int _window = spans.Max();
    private readonly bool _endsAtInputs = states == "transformers-4.57", _beginsAtOutputs = states == "transformers-5";
    private readonly bool _rounds = cosines == "bf16";

    /// <summary>Measures one batch.</summary>
    /// <returns>The sums of each of its samples, in order.</returns>
    /// <exception cref="NotANumberException">A similarity is no number.</exception>
    public SampleSums[] Measure(VisionLanguageModel model, Batch batch)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] sent = Upload.Together(batch.Device, Segments(batch), LastRows(batch.Lengths), FirstRows(batch.Lengths));
        Tensor segments = sent[0], last = sent[1];
        var sinks = new SinkWatch(sent[2]);
        // per start: [samples * 3] and the last token's cosine [samples], fp64
        var sums = spans.ToDictionary(s => s, s => new List<Tensor>());
        var window = new Queue<State>();
        State? output = null;   // of the layer before, where spans begin at outputs
        model.Hidden(batch, (l, layer, input) =>
        {
            State before = output ?? State.Of(input);
            if (_endsAtInputs && l > 0) EndSpans(before, l);
            window.Enqueue(before);
            if (window.Count > _window) window.Dequeue().Dispose();
            Tensor result = layer(input);
            State after = State.Of(result);
            if (output is null) sinks.Add(before, after);
            else
            {
                using State entered = State.Of(input);   // spans begin elsewhere, a norm is raised by the layer
                sinks.Add(entered, after);
            }
            if (!_endsAtInputs || l == layerCount - 1) EndSpans(after, l + 1);
            if (_beginsAtOutputs) output = after;
            else after.Dispose();
            return result;
        });
        output?.Dispose();
        foreach (var state in window) state.Dispose();
        var results = Collect(batch, sums, sinks);
        if (results.Any(sample => sample.Spans.Values.Any(span => !Array.TrueForAll(span.Sums, double.IsFinite))))
            throw FiniteValues.Refusal("The similarities are no numbers", model, batch);
        return results;

        // The spans that end before layer `end`; those before it are in the window.
        void EndSpans(State after, int end)
        {
            using var timed = Profile.Of("similarity");
            using var inner = NewDisposeScope();
            foreach (int span in spans.Where(span => span <= end))
            {
                // [N] fp64
                Tensor cosines = window.ElementAt(window.Count - span).Cosine(after, _rounds);
                // the last one takes what is left out
                Tensor sum = zeros(batch.Lengths.Length * Classes + 1, ScalarType.Float64, batch.Device).PlusRows(segments, cosines);
                sums[span].Add(cat([sum.narrow(0, 0, batch.Lengths.Length * Classes), cosines.index_select(0, last)])
                    .MoveToOuterDisposeScope());
            }
        }
    }

    private SampleSums[] Collect(Batch batch, Dictionary<int, List<Tensor>> sums, SinkWatch sinks)
    {
        SinkProfile[] profiles = sinks.Of(batch.Lengths);
        var results = new SampleSums[batch.Lengths.Length];
        int start = 0;
        for (int s = 0; s < results.Length; s++)
        {
            long[] counts = new long[Classes];
            for (int t = skipFirstToken ? 1 : 0; t < batch.Lengths[s]; t++) counts[LayerSimilarity.ClassOf(batch.Kinds[start + t])]++;
            start += batch.Lengths[s];
            results[s] = SampleSums.Empty(layerCount, spans, counts) with { Sinks = profiles[s] };
        }
        var measured = sums.SelectMany(span => span.Value.Select((sum, at) => (Span: span.Key, At: at, Sum: sum))).ToArray();
        double[] read = cat([.. measured.Select(span => span.Sum)]).cpu().data<double>().ToArray();   // all of them come in one piece
        foreach (var (i, (span, at, _)) in measured.Index())
        {
            int size = results.Length * (Classes + 1);
            Span<double> values = read.AsSpan(i * size, size);
            for (int s = 0; s < results.Length; s++)
            {
                var sample = values.Slice(s * Classes, Classes);
                if (_rounds) RoundMean(sample, results[s].Counts);
                sample.CopyTo(results[s].Spans[span].Sums.AsSpan(at * Classes));
                results[s].Spans[span].Last[at] = values[results.Length * Classes + s];
            }
        }
        return results;
    }

    /// <summary>Sums of a sample's classes such that each has the sample's mean, rounded to bf16.</summary>
    private static void RoundMean(Span<double> sums, long[] counts)
    {
        double total = 0;
        foreach (double sum in sums) total += sum;
        double mean = ToBFloat16((float)(total / Math.Max(1, counts.Sum())));
        for (int c = 0; c < sums.Length; c++) sums[c] = mean * counts[c];
    }

    /// <summary>The nearest number of bf16, ties to even.</summary>
    private static float ToBFloat16(float number)
    {
        uint bits = BitConverter.SingleToUInt32Bits(number);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }

    private long[] Segments(Batch batch)
    {
        long[] segments = new long[batch.TokenCount];
        int start = 0;
        foreach (var (s, length) in batch.Lengths.Index())
        {
            for (int t = 0; t < length; t++) segments[start + t] = s * Classes + LayerSimilarity.ClassOf(batch.Kinds[start + t]);
            if (skipFirstToken && length > 0) segments[start] = batch.Lengths.Length * Classes;
            start += length;
        }
        return segments;
    }

    private static long[] FirstRows(int[] lengths)
    {
        long end = 0;
        return [.. lengths.Select(length => (end += length) - length)];
    }

    private static long[] LastRows(int[] lengths)
    {
        long end = 0;
        return [.. lengths.Select(length => (end += length) - 1)];
    }

    // Cosine in fp32 products and fp64 sums: bf16 steps near 1 are 0.004, larger than most differences between layers.
    private sealed record State(Tensor Values, Tensor Norms) : IDisposable
    {
        public static State Of(Tensor x)
        {
            using var scope = NewDisposeScope();
            Tensor values = x.detach();
            Tensor norms = CosineRows.Products(values, values).sqrt();
            return new State(values.MoveToOuterDisposeScope(), norms.MoveToOuterDisposeScope());
        }

        public Tensor Cosine(State after, bool rounded)
        {
            using var scope = NewDisposeScope();
            Tensor dot = CosineRows.Products(Values, after.Values);
            Tensor cosine = dot / (Norms * after.Norms).AtLeast(1e-30);
            return (rounded ? cosine.to(ScalarType.BFloat16).to(ScalarType.Float64) : cosine).MoveToOuterDisposeScope();
        }

        /// <summary>The states of some tokens.</summary>
        public State At(Tensor rows) => new(Values.index_select(0, rows), Norms.index_select(0, rows));

        public void Dispose()
        {
            Values.Dispose();
            Norms.Dispose();
        }
    }

    /// <summary>What each layer does to norms, and to the first tokens of the samples.</summary>
    private sealed class SinkWatch(Tensor first)
    {
        // per layer: cosine, norm before and norm behind of each sample's first token, then how many times each token's norm is raised
        private readonly List<Tensor> _layers = [];

        public void Add(State before, State after)
        {
            using var scope = NewDisposeScope();
            State start = before.At(first), end = after.At(first);
            // a token without a norm has none that could be raised
            Tensor raised = (after.Norms / before.Norms.AtLeast(1e-30)).mul(before.Norms.sign());
            _layers.Add(cat([start.Cosine(end, rounded: false), start.Norms, end.Norms, raised]).MoveToOuterDisposeScope());
        }

        public SinkProfile[] Of(int[] lengths)
        {
            int samples = lengths.Length;
            SinkProfile[] profiles = [.. lengths.Select(_ => SinkProfile.Even(_layers.Count))];
            double[] all = _layers.Count == 0 ? [] : cat(_layers).cpu().data<double>().ToArray();
            for (int l = 0; l < _layers.Count; l++)
            {
                ReadOnlySpan<double> values = all.AsSpan(l * (all.Length / _layers.Count), all.Length / _layers.Count);
                int start = 3 * samples;
                for (int s = 0; s < samples; s++)
                {
                    profiles[s].FirstCosine[l] = values[s];
                    profiles[s].FirstInputNorm[l] = values[samples + s];
                    profiles[s].FirstOutputNorm[l] = values[2 * samples + s];
                    foreach (double raised in values.Slice(start, lengths[s]))
                        profiles[s].LargestNormRatio[l] = Math.Max(profiles[s].LargestNormRatio[l], raised);
                    start += lengths[s];
                }
            }
            return profiles;
        }
    }
}

/// <summary>Sums of cosines over one sample.</summary>
/// <param name="Counts">[3] tokens per class.</param>
/// <param name="Spans">Per span length: sums [starts * 3], start-major, and the last token's cosine [starts].</param>
/// <param name="Sinks">What the layers do to the first token and to norms; null where that was not measured.</param>
public sealed record SampleSums(long[] Counts, IReadOnlyDictionary<int, (double[] Sums, double[] Last)> Spans,
    SinkProfile? Sinks = null)
{
    internal static SampleSums Empty(int layerCount, IReadOnlyList<int> spans, long[] counts) =>
        new(counts, spans.ToDictionary(s => s,
            s => (new double[Math.Max(0, layerCount - s + 1) * SimilarityMeter.Classes], new double[Math.Max(0, layerCount - s + 1)])));
}
