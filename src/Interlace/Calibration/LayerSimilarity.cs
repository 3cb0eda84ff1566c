using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>
/// The artefact <c>similarity.json</c>: sums of cosines per layer, triplet and class of tokens over the calibration data,
/// so that means can be taken over any class again.
/// Sums per sample lie beside it in <c>similarity.samples.safetensors</c>.
/// </summary>
/// <param name="Layers">Decoder layers of the model, L.</param>
/// <param name="VisualLevels">Number of levels of visual features that are added by position after the first layers.</param>
/// <param name="Sinks">Which layers write attention sinks; null in an artefact of a version that did not measure it.</param>
public sealed record LayerSimilarity(string Format, string CreatedBy, CalibrationSettings Settings, int Seed, CalibrationInputs Inputs,
    int Layers, int VisualLevels, int Samples, IReadOnlyDictionary<string, long> Tokens, IReadOnlyDictionary<string, long> Skipped,
        SpanSimilarity[] Spans,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SinkProfile? Sinks = null) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "similarity.json";

    /// <summary>Name of the file of sums per sample.</summary>
    public const string SamplesName = "similarity.samples.safetensors";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-similarity/1";

    /// <summary>Names of the classes of tokens that are summed apart.</summary>
    public static IReadOnlyList<string> Classes { get; } = ["image", "prompt", "answer"];

    /// <summary>The place in <see cref="Classes"/> of a kind of token: marks around images are read like a prompt.</summary>
    public static int ClassOf(TokenKind kind) => kind switch
    {
        TokenKind.Image => 0,
        TokenKind.Prompt or TokenKind.Mark => 1,
        TokenKind.Answer => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no class of tokens"),
    };

    /// <summary>[L] mean cosine between input and output of each layer (paper 3.2).</summary>
    /// <param name="tokens">all, image, prompt or answer.</param>
    /// <exception cref="InputException">No such class, or none of its tokens were seen.</exception>
    public double[] LayerMeans(string tokens = "all") => Means(1, tokens);

    /// <summary>[L - 2] mean cosine between the input of layer i and the output of layer i + 2 (paper Eq. 1).</summary>
    /// <param name="tokens">all, image, prompt or answer.</param>
    /// <exception cref="InputException">No such class, or none of its tokens were seen.</exception>
    public double[] TripletMeans(string tokens = "all") => Means(3, tokens);

    /// <summary>[L - span + 1] means of the spans of one length.</summary>
    /// <exception cref="InputException">That length was not measured, no such class, or none of its tokens were seen.</exception>
    public double[] Means(int span, string tokens)
    {
        SpanSimilarity found = Find(span);
        string[] classes = tokens == "all" ? [.. Classes] : Classes.Contains(tokens) ? [tokens]
            : throw new InputException($"There is no class of tokens '{tokens}': choose all, {string.Join(", ", Classes)}.");
        long count = classes.Sum(c => Tokens[c]);
        if (count == 0) throw new InputException($"The calibration saw no {tokens} tokens; choose another class.");
        return [.. Enumerable.Range(0, found.Mean.Length).Select(i => classes.Sum(c => found.Sums[c][i]) / count)];
    }

    /// <summary>[L - span + 1] mean angle between the last token's state before and after the spans of one length,
    /// as a part of a half turn.</summary>
    /// <exception cref="InputException">That length was not measured.</exception>
    public double[] Angles(int span) => Find(span).LastTokenAngle;

    /// <summary>The text of the artefact.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<LayerSimilarity>());

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<LayerSimilarity>());

    /// <summary>Reads and checks an artefact.</summary>
    /// <exception cref="InputException">It is absent, of another format, or its numbers contradict each other.</exception>
    public static LayerSimilarity Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<LayerSimilarity>(), CurrentFormat, "calibrate the model first", "is no valid similarity",
            found =>
        {
            Counts.Check(found.Layers, "layers", least: 1, most: Counts.MostLayers);
            Counts.Check(found.VisualLevels, "visual levels", most: found.Layers);
            Counts.Check(found.Samples, "samples", least: 1);
            Counts.Check(found.Skipped, "skipped samples");
            Counts.Check(found.Tokens, "tokens");
            if (Classes.Any(c => !found.Tokens.ContainsKey(c)) || found.Tokens.Count > Classes.Count)
                throw new JsonException("it lacks the number of tokens of a class");
            if (found.Spans.DistinctBy(span => span.Length).Count() < found.Spans.Length)
                throw new JsonException("spans of one length stand in it twice");
            if (new[] { 1, 3 }.FirstOrDefault(length => length <= found.Layers
                && found.Spans.All(span => span.Length != length)) is > 0 and var lacking)
                throw new JsonException($"it lacks the spans of {lacking} layers");
            foreach (var span in found.Spans) found.Check(span);
            found.Sinks?.Check(found.Layers);
        });

    /// <summary>As many numbers as there are spans, and such as cosines, their sums and their errors can be.</summary>
    private void Check(SpanSimilarity span)
    {
        const double rounding = 1e-3;   // a cosine in fp32 may be a little above 1
        int starts = Math.Max(0, Layers - span.Length + 1);
        if (span.Length < 1 || new[] { span.Mean, span.StandardError, span.LastTokenMean,
            span.LastTokenAngle }.Concat(Classes.Select(c => span.Sums.GetValueOrDefault(c) ?? [])).Any(list => list.Length != starts))
            throw new JsonException($"its spans of {span.Length} layers do not fit {Layers} layers");
        bool Within(double[] values, double bound, double least) =>
            values.All(value => value >= least - bound * rounding && value <= bound * (1 + rounding));
        double total = Tokens.Values.Sum(count => (double)count);
        if (!Within(span.Mean, 1, -1) || !Within(span.LastTokenMean, 1, -1) || !Within(span.LastTokenAngle, 1, 0)
            || !Within(span.StandardError, 2, 0) || Classes.Any(c => !Within(span.Sums[c], Tokens[c], -Tokens[c])))
            throw new JsonException($"a similarity of its spans of {span.Length} layers is none: cosines lie between -1 and 1");
        if (Enumerable.Range(0, starts).Any(i => !(Math.Abs(Classes.Sum(c => span.Sums[c][i]) - span.Mean[i] * total) <= total * rounding)))
            throw new JsonException($"the means and sums of its spans of {span.Length} layers contradict each other");
    }

    /// <summary>Puts the sums of samples together.</summary>
    internal static SpanSimilarity[] Aggregate(IReadOnlyList<SampleSums> samples, IReadOnlyList<int> spans)
    {
        double total = samples.Sum(s => (double)s.Counts.Sum());
        return [.. spans.Select(span =>
        {
            int starts = samples.Count == 0 ? 0 : samples[0].Spans[span].Last.Length;
            var sums = Classes.Index()
                .ToDictionary(c => c.Item,
                c => Enumerable.Range(0, starts).Select(i => samples.Sum(s => s.Spans[span].Sums[i * SimilarityMeter.Classes + c.Index]))
                .ToArray());
            double[] mean = [.. Enumerable.Range(0, starts).Select(i => Classes.Sum(c => sums[c][i]) / total)];
            // Samples, not tokens, are the independent draws: the error of a ratio of sums over samples.
            double[] error = [.. Enumerable.Range(0, starts)
                .Select(i => Math.Sqrt(samples.Sum(s =>
                Square(SampleSum(s, span, i) - mean[i] * s.Counts.Sum())) * samples.Count / Math.Max(1, samples.Count - 1)) / total)];
            double[] last = [.. Enumerable.Range(0, starts).Select(i => samples.Average(s => s.Spans[span].Last[i]))];
            double[] angle = [.. Enumerable.Range(0, starts)
                .Select(i => samples.Average(s => Math.Acos(Math.Clamp(s.Spans[span].Last[i], -1, 1)) / Math.PI))];
            return new SpanSimilarity(span, mean, error, last, angle, sums);
        })];
    }

    private SpanSimilarity Find(int span) => Spans.FirstOrDefault(s => s.Length == span) ?? throw SampleMeans.NotMeasured(span);

    private static double SampleSum(SampleSums sample, int span, int start) =>
        sample.Spans[span].Sums.AsSpan(start * SimilarityMeter.Classes, SimilarityMeter.Classes).ToArray().Sum();

    private static double Square(double x) => x * x;
}
