using System.Globalization;
using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;
using Generator = Interlace.Vlm.Generation.Generator;

namespace Interlace.Tests.Engine;

/// <summary>
/// What the main job does on a tiny model, counted without a clock: results of the engine's operators, arithmetic of the products, bytes of
/// the program's own objects, bytes read. More of any than <c>work-counts.json</c> says is a loss of speed that no timing would show
/// reliably; less is a gain, and is written down there too.
/// </summary>
[Collection(nameof(LiveTensors))]
public sealed class WorkCountsTests : IDisposable
{
    // Own objects differ a little from run to run: caches of the runtime, growth of lists.
    private const double Slack = 1.1;

    private static readonly string Committed = Path.Combine(Shared.Repository, "tests", "Interlace.Tests", "Engine", "work-counts.json");

    private readonly PreparedSamples _samples = new(TinyCheckpoints.Tied, 9);

    private VisionLanguageModel Model => _samples.Loaded.Model;

    public void Dispose() => _samples.Dispose();

    [Fact]
    public void A_layer_of_a_pass()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack(_samples.Encoded(0, 1, 2, 3), CPU);
        var (x, pass) = Model.Embed(batch);
        using (pass) Check("layer, no graph", () => Model.Layers[6].Forward(x, pass, 6).Dispose());
        long products = 0;
        using var counting = Model.NewPass(batch, observe: (weight, input) => products += 2 * input.numel() * weight.Value.shape[0]);
        Model.Hidden(x, counting).Dispose();
        CheckValue("pass, arithmetic of linear layers a token", products / batch.TokenCount);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_gradient(bool recompute)
    {
        TrainedParameters.Of(Model, [4, 8]);
        var gradient = new LossGradient(Model, recompute);
        using var batch = Batch.Pack(_samples.Encoded(0, 1, 2, 3), CPU);
        Check(recompute ? "gradient, recomputed" : "gradient, kept", () => gradient.Accumulate(batch, 0.1));
    }

    [Fact]
    public void A_batch_of_calibration()
    {
        var meter = new SimilarityMeter(Model.Layers.Count, [1, 3]);
        using var batch = Batch.Pack(_samples.Encoded(0, 1, 2, 3), CPU);
        Check("calibration, a batch", () => meter.Measure(Model, batch));
    }

    [Fact]
    public void A_step_of_decoding()
    {
        const int more = 8;
        var prompts = _samples.Encoded(0, 1, 2, 3);
        void Answer(int tokens) =>
            _ = new Generator(Model, new GenerationOptions(tokens, Slots: 4), new HashSet<int>()).Run(prompts).Count();
        Answer(2);
        var (few, many) = (Counted(() => Answer(2)), Counted(() => Answer(2 + more)));
        CheckValue("decoding, a step: results", (many.Results - few.Results) / more);
        CheckAtMost("decoding, a step: bytes of own objects", (many.Bytes - few.Bytes) / more);
    }

    [Fact]
    public void Bytes_that_pruning_reads()
    {
        Assert.SkipUnless(File.Exists("/proc/self/io"), "Only Linux counts what a process reads.");
        using var scratch = new ScratchFolder();
        PruningPlan plan = PruningPlan.Create(Model.Layers.Count, [5, 8], [6, 9]);
        void Prune(string name) => LayerRemoval.Prune(TinyCheckpoints.Tied, plan, scratch.At(name));
        Prune("first");
        long before = BytesRead();
        Prune("second");
        CheckAtMost("pruning, bytes read", BytesRead() - before);
    }

    private static void Check(string what, Action action)
    {
        action();   // makes what stays
        var (results, bytes) = Counted(action);
        CheckValue($"{what}: results", results);
        CheckAtMost($"{what}: bytes of own objects", bytes);
    }

    private static void CheckValue(string what, long found) => Assert.True(Expected(what) == found, $"{what}: {found}");

    private static void CheckAtMost(string what, long found)
    {
        double expected = Expected(what);
        Assert.True(found <= Slack * expected && found >= expected / Slack / Slack, $"{what}: {found}");
    }

    private static long Expected(string what)
    {
        Assert.SkipUnless(Rows.AreFast, "this processor's vectors are not used, and nothing is written down for it");
        string kernels = ShortAttention.IsPreferred ? "with AVX-512" : "with AVX2";
        return JsonNode.Parse(File.ReadAllText(Committed))![kernels]![what]?.GetValue<long>() ?? -1;
    }

    /// <summary>Tensors that this thread was given, which is one or more for every operator, and bytes of objects that it made.</summary>
    private static (long Results, long Bytes) Counted(Action action)
    {
        var tensors = DisposeScopeManager.Statistics.TensorStatistics;
        long results = tensors.CreatedInScopeCount + tensors.CreatedOutsideScopeCount, bytes = GC.GetAllocatedBytesForCurrentThread();
        action();
        return (tensors.CreatedInScopeCount + tensors.CreatedOutsideScopeCount - results, GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    private static long BytesRead()
    {
        const string key = "rchar:";
        string line = File.ReadLines("/proc/self/io").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(key.Length), CultureInfo.InvariantCulture);
    }
}
