using System.Diagnostics;
using System.Globalization;
using Interlace.Calibration;
using Interlace.Evaluation.Latency;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>
/// What a machine does with a model: latency of the whole one against pruned ones, decoding, calibration, tuning, memory; as Markdown.
/// Shares of arithmetic are those of the rate of one large matrix product that is measured in the same run.
/// </summary>
internal sealed class DeviceBenchmark
{
    /// <summary>How much is measured: so that a GPU takes minutes for a model of 4B, and a CPU as long for the demo's.</summary>
    /// <param name="Side">Pixels along the sides of the picture of a question.</param>
    /// <param name="NewTokens">Tokens of an answer.</param>
    /// <param name="Rounds">Repetitions; the median counts.</param>
    /// <param name="TuningTokens">Tokens of a step of tuning, at least one sample.</param>
    /// <param name="Product">Rows and columns of the large product.</param>
    public sealed record Amount(int Side, int NewTokens, int Rounds, int TuningTokens, int Product)
    {
        public static Amount Full { get; } = new(1024, 64, 5, 16_384, 8192);
        public static Amount Brief { get; } = new(64, 5, 2, 512, 512);
    }

    private static readonly double[] Ratios = [0, 0.10, 0.15, 0.20, 0.25];

    private readonly LoadedModel _loaded;
    private readonly Compute _compute;
    private readonly Amount _amount;
    private readonly TextWriter _out;
    private readonly double _peak;   // operations a second

    private DeviceBenchmark(LoadedModel loaded, Compute compute, Amount amount, TextWriter output)
    {
        (_loaded, _compute, _amount, _out) = (loaded, compute, amount, output);
        _peak = ProductRate();
    }

    private VisionLanguageModel Model => _loaded.Model;

    /// <param name="folder">A model folder.</param>
    /// <param name="device">auto, cpu or cuda.</param>
    /// <param name="type">auto, fp32 or bf16.</param>
    /// <param name="threads">Threads of the engine on a CPU; null for one a core.</param>
    /// <param name="amount">How much is measured.</param>
    /// <param name="output">Where the tables go.</param>
    public static void Run(string folder, string device, string type, int? threads, Amount amount, TextWriter output)
    {
        var compute = Compute.Choose(device, type, threads);
        var clock = Stopwatch.StartNew();
        using var loaded = LoadedModel.Open(folder, compute.Device, compute.Type);
        Wait(compute.Device);
        double opened = clock.Elapsed.TotalSeconds;
        var bench = new DeviceBenchmark(loaded, compute, amount, output);
        bench.Heading(folder, opened);
        bench.Latency();
        bench.Decoding();
        bench.Calibrating();
        bench.Tuning();
        output.Flush();
    }

    private void Heading(string folder, double opened)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        string device = _compute.Device.type.ToString().ToLowerInvariant();
        _out.WriteLine($"""
            | | |
            |---|---|
            | model | {name}: {Model.Layers.Count} layers of width {Model.HiddenSize} |
            | computes on | {device}, {_compute.TypeName}, libtorch {Aten.Name(Aten.LoadedVersion())} |
            | packed attention | {(Packed)} |
            | opened in | {Text(opened)} s |
            | one product {_amount.Product} x {_amount.Product} x {_amount.Product} | {Text(_peak / 1e12)} TFLOP/s |
            | memory after opening | {MemoryInUse()} |

            """);
    }

    /// <summary>One question after the other, all models in turns; the paper's times (A.1).</summary>
    private void Latency()
    {
        (double Ratio, VisionLanguageModel Model)[] models = [.. Ratios.Select(ratio => (ratio, Model.Keep(Kept(ratio))))];
        var times = models.Select(_ => new List<AnswerTimes>()).ToArray();
        for (int round = -1; round < _amount.Rounds; round++)
            for (int turn = 0; turn < models.Length; turn++)
            {
                int m = (turn + round + models.Length) % models.Length;
                var (measured, _) = StageClock.Measure(models[m].Model, () => Question(_amount.Side, 0), _amount.NewTokens, default);
                if (round >= 0) times[m].Add(measured);
            }
        _out.WriteLine($"### Latency of one question ({Question(_amount.Side, 0).Length} tokens, {_amount.Rounds} rounds, medians)\n");
        _out.WriteLine("| dropped | layers | vision, ms | prefill, ms | first token, ms | further token, ms "
            + "| speed-up of first | of further |");
        _out.WriteLine("|---|---|---|---|---|---|---|---|");
        double Median(int m, Func<AnswerTimes, double> of) => Turns.Median(times[m].Select(of));
        foreach (var (m, (ratio, model)) in models.Index())
        {
            double first = Median(m, t => t.TimeToFirstToken), further = Median(m, t => t.PerToken);
            _out.WriteLine($"| {ratio:0 %} | {model.Layers.Count} | {Text(Median(m, t => t.Vision))} | {Text(Median(m, t => t.Prefill))} "
                + $"| {Text(first)} | {Text(further)} | {Text(Median(0, t => t.TimeToFirstToken) / first)} "
                + $"| {Text(Median(0, t => t.PerToken) / further)} |");
        }
        _out.WriteLine();
    }

    private void Decoding()
    {
        _out.WriteLine($"### Decoding ({_amount.NewTokens} tokens an answer)\n");
        _out.WriteLine("| in flight | sampling | a step, ms | tokens a second | memory |\n|---|---|---|---|---|");
        foreach (var (slots, name) in new[] { (1, "greedy"), (16, "greedy"), (16, "qwen") })
        {
            var options = GenerationOptions.Preset(name) with { MaxNewTokens = _amount.NewTokens, Slots = slots };
            EncodedSample[] prompts = [.. Enumerable.Range(0, slots).Select(i => Question(_amount.Side / 4, i))];
            double[] steps = [.. Enumerable.Range(0, _amount.Rounds + 1).Select(_ =>
                new Vlm.Generation.Generator(Model, options, []).Run(prompts).Sum(answer => answer.Decoding.TotalMilliseconds)
                / (_amount.NewTokens - 1)).Skip(1)];
            double step = Turns.Median(steps);
            _out.WriteLine($"| {slots} | {name} | {Text(step)} | {Text(slots * 1000 / step)} | {MemoryInUse()} |");
        }
        _out.WriteLine();
    }

    private void Calibrating()
    {
        using var _ = no_grad();
        using var batch = Batch.Pack(Samples(), _compute.Device);
        var meter = new SimilarityMeter(Model.Layers.Count, [1, 3]);
        double plain = Seconds(() => Model.Hidden(batch).Dispose()), measured = Seconds(() => meter.Measure(Model, batch));
        _out.WriteLine($"### Calibration\n\n{batch.TokenCount} tokens a batch: {Text(batch.TokenCount / measured)} tokens a second, "
            + $"{Text(measured / plain)} times as long as the plain pass. Memory {MemoryInUse()}.\n");
    }

    /// <summary>Steps of tuning a model that a quarter of the layers was dropped from, as many tuned.</summary>
    private void Tuning()
    {
        int[] kept = Kept(0.25);
        var model = Model.Keep(kept);
        int count = Model.Layers.Count - kept.Length;
        int[] tuned = [.. Enumerable.Range(0, count).Select(i => 1 + (int)((long)i * (kept.Length - 1) / count))];
        Parameter[] parameters = [.. tuned.SelectMany(l => model.Layers[l].Parameters)];
        foreach (var parameter in parameters) parameter.Train();
        using var optimiser = new AdamW(parameters);
        EncodedSample[] samples = [.. Samples()];
        double answers = samples.Sum(sample => Batch.CountTargets(sample));
        var objective = new LossGradient(model);
        double loss = 0;
        double seconds = Seconds(() =>
        {
            using var batch = Batch.Pack(samples, _compute.Device);
            loss = objective.Accumulate(batch, 1 / answers) / answers;
            optimiser.Clip(optimiser.GradientNorm(), 1);
            optimiser.Step(1e-5);
        });
        long tokens = samples.Sum(sample => (long)sample.Length);
        double operations = Operations(model, tuned, samples);
        _out.WriteLine($"### Tuning ({model.Layers.Count} layers, {tuned.Length} tuned, frozen ones recomputed)\n");
        _out.WriteLine("| tokens a step | seconds a step | tokens a second | TFLOP/s | share of the product's rate | loss | memory |");
        _out.WriteLine("|---|---|---|---|---|---|---|");
        _out.WriteLine($"| {tokens} | {Text(seconds)} | {Text(tokens / seconds)} | {Text(operations / seconds / 1e12)} "
            + $"| {operations / seconds / _peak:0.0 %} | {Text(loss)} | {MemoryInUse()} |\n");
    }

    /// <summary>
    /// Those that a step cannot do without: all layers forward, gradients of activations from the lowest tuned layer on, those of the tuned
    /// weights, the head on answers alone. Recomputation, the vision tower and the optimiser are left out.
    /// </summary>
    private static double Operations(VisionLanguageModel model, int[] tuned, EncodedSample[] samples)
    {
        double tokens = samples.Sum(sample => (double)sample.Length);
        double squares = samples.Sum(sample => (double)sample.Length * sample.Length);
        double weights = model.Layers[0].Linears.Sum(linear => (double)linear.Weight.Value.numel());
        double products = 2 * weights * tokens;
        double attention = 2 * squares * model.Layers[0].Linears[0].Weight.Value.shape[0];   // causal: half of all pairs
        int above = model.Layers.Count - tuned.Min();
        double head = 4.0 * samples.Sum(sample => Batch.CountTargets(sample)) * model.VocabularySize * model.HiddenSize;
        return products * (model.Layers.Count + above + tuned.Length) + attention * (model.Layers.Count + 2 * above) + head;
    }

    /// <summary>Seconds of the median round, after two that prepare.</summary>
    private double Seconds(Action run)
    {
        var times = new List<double>();
        for (int i = -2; i < _amount.Rounds; i++)
        {
            Wait(_compute.Device);
            var clock = Stopwatch.StartNew();
            run();
            Wait(_compute.Device);
            if (i >= 0) times.Add(clock.Elapsed.TotalSeconds);
        }
        return Turns.Median(times);
    }

    private double ProductRate()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        long n = _amount.Product;
        Tensor a = ones([n, n], _compute.Type, _compute.Device);
        return 2.0 * n * n * n / Seconds(() => a.matmul(a).Dispose());
    }

    /// <summary>The layers that stay where so many are dropped at equal distances; the first two and the last stay.</summary>
    private int[] Kept(double ratio)
    {
        int layers = Model.Layers.Count, count = (int)Math.Round(layers * ratio);
        int[] dropped = [.. Enumerable.Range(0, count).Select(i => 2 + (int)((long)i * (layers - 3) / Math.Max(1, count)))];
        return [.. Enumerable.Range(0, layers).Except(dropped)];
    }

    private string Packed => FlashAttention.Serves(_compute.Device, _compute.Type, Model.HeadSize)
        ? "variable-length flash kernel" : "groups of similar length";

    private EncodedSample Question(int side, int number) => Encoded(side, number, answer: null);

    /// <summary>Samples with a picture and an answer, as many as a step has room for.</summary>
    private List<EncodedSample> Samples()
    {
        var samples = new List<EncodedSample>();
        string answer = string.Join(' ', Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? "the red square" : "is on the left of it"));
        for (int tokens = 0; tokens < _amount.TuningTokens; tokens += samples[^1].Length)
            samples.Add(Encoded(_amount.Side / 2, samples.Count, answer));
        return samples;
    }

    private EncodedSample Encoded(int side, int number, string? answer)
    {
        var random = new SplitMix64((ulong)number);
        byte[] pixels = new byte[3 * side * side];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)random.Next(256);
        ChatMessage question = new("user", [new ImagePart(), new TextPart($"Question {number}: what is in this picture, and where?")]);
        return _loaded.Processor.Encode(answer is null ? [question] : [question, new("assistant", answer)],
            [new RgbImage(side, side, pixels)], addGenerationPrompt: answer is null);
    }

    /// <summary>What the process holds; of a GPU what its own tool says is in use.</summary>
    private string MemoryInUse()
    {
        if (_compute.Device.type != DeviceType.CUDA) return $"{Environment.WorkingSet / 1e9:0.0} GB";
        try
        {
            using var tool = Process.Start(new ProcessStartInfo("nvidia-smi", ["--query-gpu=memory.used", "--format=csv,noheader"])
                { RedirectStandardOutput = true })!;
            string used = tool.StandardOutput.ReadLine() ?? "unknown";
            tool.WaitForExit();
            return used;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }

    private static void Wait(Device device)
    {
        if (device.type == DeviceType.CUDA) cuda.synchronize();
    }

    private static string Text(double value) =>
        value.ToString(value >= 1000 ? "0" : value >= 1 ? "0.00" : "0.0000", CultureInfo.InvariantCulture);
}
