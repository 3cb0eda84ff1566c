using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

[Trait("Category", "Golden")]
public class TrainingGoldensTests
{
    private const string Folder = "fixtures/qwen3vl/training";

    public static TheoryData<string, bool> Runs
    {
        get
        {
            var data = new TheoryData<string, bool>();
            if (!File.Exists(Shared.At(Folder, "training.json"))) return data;
            foreach (var run in Shared.Json(Folder, "training.json")["runs"]!.AsObject())
            {
                data.Add(run.Key, true);
                data.Add(run.Key, false);
            }
            return data;
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Runs))]
    public void Losses_norms_rates_and_weights_equal_the_reference(string name, bool recompute)
    {
        using var scratch = new ScratchFolder();
        using var scope = NewDisposeScope();
        JsonNode golden = Shared.Json(Folder, "training.json"), run = golden["runs"]![name]!;
        using var model = Pruned(golden, scratch.Path, out var processor);
        var tuned = TrainedParameters.Of(model, Goldens.Ints(golden["trainable_layers_new_indices"]!));
        var before = tuned.Parameters.ToDictionary(p => p.Name, p => p.Value.detach().clone());
        using var optimiser = new AdamW(tuned.Parameters);
        var gradient = new LossGradient(model, recompute, headRows: 7);   // several chunks
        int steps = golden["optimiser_steps"]!.GetValue<int>(), perStep = golden["micro_batches_per_step"]!.GetValue<int>();
        var schedule = new CosineSchedule(run["lr"]!.GetValue<double>(), steps, 0.03);
        var micro = golden["micro_batches"]!.AsArray().Select(batch => batch!["messages"]!.AsArray().Select(m => Encode(processor, m!)).ToArray()).ToArray();
        bool wholeBatch = run["loss_normalisation"]!.GetValue<string>() == "batch";
        foreach (var (s, step) in run["steps"]!.AsArray().Index())
        {
            var batches = micro[(s * perStep)..((s + 1) * perStep)];
            int[] answers = [.. batches.Select(b => b.Sum(sample => Batch.CountTargets(sample)))];
            Assert.Equal(step!["answer_tokens"]!.GetValue<int>(), answers.Sum());
            double loss = 0;
            foreach (var (m, samples) in batches.Index())
            {
                using var batch = Batch.Pack(samples, Goldens.Device);
                double scale = wholeBatch ? 1.0 / answers.Sum() : 1.0 / (answers[m] * batches.Length);
                double sum = gradient.Accumulate(batch, scale);
                Near(step["micro_batches"]![m]!["cross_entropy_sum"]!.GetValue<double>(), sum, 1e-5, "cross entropy");
                loss += scale * sum;
            }
            double norm = optimiser.GradientNorm();
            Near(step["loss"]!.GetValue<double>(), loss, 1e-5, "loss");
            Near(step["grad_norm_before_clipping"]!.GetValue<double>(), norm, 1e-4, "norm");
            Assert.Equal(step["lr_used"]!.GetValue<double>(), schedule.At(s), 1e-15);
            optimiser.Clip(norm, 1.0);
            foreach (var tensor in step["clipped_grad_norm_per_tensor"]?.AsObject() ?? [])
                Near(tensor.Value!.GetValue<double>(), tuned.Parameters.Single(p => p.Name == tensor.Key).Value.grad!.norm().item<float>(), 1e-3, tensor.Key);
            optimiser.Step(schedule.At(s));
        }
        double worst = 0;
        foreach (var tensor in run["tensors_after"]?.AsObject() ?? [])
        {
            Tensor value = tuned.Parameters.Single(p => p.Name == tensor.Key).Value.detach();
            double change = tensor.Value!["change_norm"]!.GetValue<double>();
            Near(change, (value - before[tensor.Key]).norm().item<float>(), 1e-3, tensor.Key);
        }
        if (wholeBatch && run["lr"]!.GetValue<double>() == 1e-3)   // the run whose weights are recorded
            foreach (var (key, expected) in Goldens.Load(Shared.Require(Folder, "tuned-after-lr1e-3.safetensors")))
            {
                Tensor value = tuned.Parameters.Single(p => p.Name == key).Value.detach();
                double deviation = (value.cpu() - expected).norm().item<float>() / (expected - before[key].cpu()).norm().item<float>();
                worst = Math.Max(worst, deviation);
                Assert.True(deviation <= 1e-3, $"{key}: {deviation}");
            }
        TestContext.Current.SendDiagnosticMessage($"{name}: {worst:g2}");
    }

    [Fact]
    public void In_bfloat16_the_masters_stay_fp32_and_losses_follow_the_reference()
    {
        using var scratch = new ScratchFolder();
        using var scope = NewDisposeScope();
        JsonNode golden = Shared.Json(Folder, "training.json"), run = golden["runs"]!.AsObject().Select(r => r.Value!)
            .Where(r => (string)r["loss_normalisation"]! == "batch").MinBy(r => (double)r["lr"]!)!;
        using var model = Pruned(golden, scratch.Path, out var processor, ScalarType.BFloat16);
        var tuned = TrainedParameters.Of(model, Goldens.Ints(golden["trainable_layers_new_indices"]!));
        var before = tuned.Parameters.Select(p => p.Value.detach().clone()).ToArray();
        using var optimiser = new AdamW(tuned.Parameters);
        var gradient = new LossGradient(model);
        int perStep = golden["micro_batches_per_step"]!.GetValue<int>();
        var micro = golden["micro_batches"]!.AsArray().Select(batch => batch!["messages"]!.AsArray().Select(m => Encode(processor, m!)).ToArray()).ToArray();
        foreach (var (s, step) in run["steps"]!.AsArray().Index())
        {
            foreach (var (m, samples) in micro[(s * perStep)..((s + 1) * perStep)].Index())
            {
                using var batch = Batch.Pack(samples, Goldens.Device);
                Near(step!["micro_batches"]![m]!["cross_entropy_sum"]!.GetValue<double>(), gradient.Accumulate(batch, 1.0 / step["answer_tokens"]!.GetValue<int>()), 0.02, "cross entropy");
            }
            Near(step!["grad_norm_before_clipping"]!.GetValue<double>(), optimiser.GradientNorm(), 0.05, "norm");
            optimiser.Clip(optimiser.GradientNorm(), 1);
            optimiser.Step(step["lr_used"]!.GetValue<double>());
        }
        // Steps of 1e-5 vanish in bf16 for most weights; the masters keep them.
        Assert.All(tuned.Parameters.Zip(before), pair => Assert.True(pair.First.Value.dtype == ScalarType.Float32 && (pair.First.Value != pair.Second).any().item<bool>(), pair.First.Name));
        Assert.All(model.Parameters.Except(tuned.Parameters), p => Assert.Equal(ScalarType.BFloat16, p.Value.dtype));
    }

    [Fact]
    public void The_schedule_equals_the_reference()
    {
        foreach (var table in Shared.Json(Folder, "training.json")["schedule_tables"]!.AsArray())
        {
            var schedule = new CosineSchedule(table!["base_lr"]!.GetValue<double>(), table["total_steps"]!.GetValue<int>(), table["warmup_ratio"]!.GetValue<double>());
            Assert.Equal(table["warmup_steps"]!.GetValue<int>(), schedule.WarmupSteps);
            foreach (var (step, rate) in Goldens.Ints(table["step_indices"]!).Zip(Goldens.Doubles(table["lr_used_at_step"]!))) Assert.Equal(rate, schedule.At(step), 1e-15);
        }
    }

    private static VisionLanguageModel Pruned(JsonNode golden, string scratch, out Processor processor, ScalarType type = ScalarType.Float32)
    {
        string parent = Goldens.PathOf(golden["checkpoint"]!.GetValue<string>()), folder = Path.Combine(scratch, "pruned");
        int layers = golden["plan"]!["kept_original_indices"]!.AsArray().Count + golden["plan"]!["dropped"]!.AsArray().Count;
        LayerRemoval.Prune(parent, PruningPlan.Create(layers, Goldens.Ints(golden["plan"]!["dropped"]!), Goldens.Ints(golden["plan"]!["tuned"]!)), folder);
        var loaded = LoadedModel.Open(folder, Goldens.Device, type);
        processor = loaded.Processor;
        return loaded.Model;
    }

    private static EncodedSample Encode(Processor processor, JsonNode messages)
    {
        var conversation = Text.GoldenConversation.Read(messages);
        var files = conversation.SelectMany(m => m.Content).OfType<ImagePart>().Select(image => image.Source!);
        var images = files.Select(file => Goldens.Image("training/resized-rgb.safetensors", file));
        return processor.EncodePrepared(conversation, [.. images.Select(image => VisualInput.Whole(image, image, tokenCount: 0))]);
    }

    private static void Near(double expected, double actual, double tolerance, string what) =>
        Assert.True(Math.Abs(actual - expected) <= tolerance * Math.Abs(expected), $"{what}: {actual} for {expected}");
}
