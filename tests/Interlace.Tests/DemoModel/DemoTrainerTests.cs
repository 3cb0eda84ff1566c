using System.Text.Json.Nodes;
using Interlace.DemoModel;
using Interlace.DemoModel.Data;
using Interlace.DemoModel.Sources;
using Interlace.DemoModel.Training;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.DemoModel;

public class DemoTrainerTests
{
    private static readonly ModelShape Shape = new(Layers: 4, Hidden: 32, Inner: 64, Heads: 2, KeyHeads: 1, HeadSize: 24, Tokens: 400, VisionDepth: 2, VisionHidden: 16, VisionInner: 32, VisionHeads: 1, FirstTap: 0, SecondTap: 1);
    private static readonly ModelShape Eight = Shape with { Layers = 8 };
    private static readonly Compute Cpu = new(CPU, ScalarType.Float32, 1);

    [Fact]
    public void The_loss_falls_in_two_hundred_steps_and_the_packed_model_opens()
    {
        using var scratch = new ScratchFolder();
        var settings = Settings(visionSteps: 20, steps: 200);
        double first, last;
        var trainer = new DemoTrainer(scratch.At("training"), SmallSources.Create(), settings, Cpu);
        trainer.Run();
        (first, last) = (trainer.MeanLoss(..5), trainer.MeanLoss(^20..));
        TestContext.Current.SendDiagnosticMessage($"{first:0.000} -> {last:0.000}");
        Assert.InRange(first, 5, 7);   // the logarithm of the vocabulary's size is 6.1
        Assert.InRange(last, 0, 3);   // of the last lesson, where all forms of questions are mixed

        BenchmarkTables.Write(scratch.At("benchmarks"), SmallSources.Create(Split.Test), 1, questions: 3);
        Packing.Write(scratch.At("training"), scratch.At("model"));
        Packing.WriteLogits(scratch.At("model"), scratch.At("benchmarks"), scratch.At("logits.json"));
        using (var checkpoint = Checkpoint.Open(scratch.At("model"))) Assert.All(checkpoint.Files.SelectMany(f => f.Tensors), tensor => Assert.Equal(ElementType.BF16, tensor.Type));
        using var loaded = LoadedModel.Open(scratch.At("model"), CPU, ScalarType.Float32);
        Assert.Equal(loaded.Processor.Tokenizer.Id("<|im_end|>"), loaded.StopIds[0]);
        var questions = JsonNode.Parse(File.ReadAllText(scratch.At("logits.json")))!["questions"]!.AsArray();
        Assert.Equal(5, questions.Count);
        Assert.All(questions, q => Assert.Equal(q!["top_logits"]!.AsArray().Select(v => v!.GetValue<float>()).OrderDescending(), q["top_logits"]!.AsArray().Select(v => v!.GetValue<float>())));
    }

    [Fact]
    public void An_interrupted_training_ends_with_the_bytes_of_an_uninterrupted_one()
    {
        using var scratch = new ScratchFolder();
        var settings = Settings(visionSteps: 4, steps: 6);
        new DemoTrainer(scratch.At("whole"), SmallSources.Create(), settings, Cpu).Run();
        foreach (var (stage, step) in new[] { ("vision", 2), ("whole", 3) })
        {
            using var stop = new CancellationTokenSource();
            var broken = new DemoTrainer(scratch.At("broken"), SmallSources.Create(), settings, Cpu);
            Assert.Throws<OperationCanceledException>(() => broken.Run(new Each(done => { if (done.Stage == stage && done.Done == step) stop.Cancel(); }), stop.Token));
        }
        new DemoTrainer(scratch.At("broken"), SmallSources.Create(), settings, Cpu).Run();
        Assert.Equal(File.ReadAllBytes(scratch.At("whole", DemoTrainer.StateName)), File.ReadAllBytes(scratch.At("broken", DemoTrainer.StateName)));
        Assert.Equal(6, File.ReadAllLines(scratch.At("broken", "whole.jsonl")).Length);
        Assert.Equal(File.ReadAllLines(scratch.At("whole", "probes.jsonl")), File.ReadAllLines(scratch.At("broken", "probes.jsonl")));
    }

    [Fact]
    public void Visual_tokens_learn_to_say_what_is_drawn_at_them()
    {
        using var scratch = new ScratchFolder();
        new DemoTrainer(scratch.At("training"), SmallSources.Create(), Settings(visionSteps: 120, steps: 2) with { VisionScenes = 8 }, Cpu).Run();
        var log = StepLog.Read(scratch.At("training", "vision.jsonl"));
        double first = log.Take(10).Average(row => row.Loss), last = log.TakeLast(10).Average(row => row.Loss), named = log.TakeLast(10).Average(row => row.Named!.Values.Average());
        TestContext.Current.SendDiagnosticMessage($"{first:0.000} -> {last:0.000}, named {named:0.000}");
        Assert.True(last < 0.4 * first, $"{first} -> {last}");
        Assert.All(log, row => Assert.True(row.Loss > 0 && row.Named!.Values.All(share => share is >= 0 and <= 1)));
    }

    [Fact]
    public void Two_replicas_learn_what_one_model_learns()
    {
        using var scratch = new ScratchFolder();
        var settings = Settings(visionSteps: 3, steps: 6);
        foreach (int threads in new[] { 1, 2 }) new DemoTrainer(scratch.At($"{threads}"), SmallSources.Create(), settings, Cpu with { Threads = threads }).Run();
        foreach (string stage in new[] { "vision.jsonl", "whole.jsonl" })
            foreach (var (one, two) in StepLog.Read(scratch.At("1", stage)).Zip(StepLog.Read(scratch.At("2", stage))))
            {
                Assert.Equal(one.Loss, two.Loss, 1e-4);
                Assert.Equal(one.GradNorm, two.GradNorm, 1e-3 * one.GradNorm);
            }
    }

    [Fact]
    public void A_training_with_other_settings_is_refused()
    {
        using var scratch = new ScratchFolder();
        _ = new DemoTrainer(scratch.At("training"), SmallSources.Create(), Settings(1, 2), Cpu);
        Assert.Throws<InputException>(() => new DemoTrainer(scratch.At("training"), SmallSources.Create(), Settings(1, 4), Cpu));
    }

    [Fact]
    public void Fresh_parameters_depend_on_seed_and_name_alone()
    {
        using var scope = NewDisposeScope();
        ParameterSource one = FreshParameters.Source(1, Eight, CPU), other = FreshParameters.Source(2, Eight, CPU);
        one("model.first.weight", 4, 4);
        Tensor weight = one("model.q_proj.weight", 64, 64).Value;
        Assert.True(weight.allclose(FreshParameters.Source(1, Eight, CPU)("model.q_proj.weight", 64, 64).Value, 0, 0));
        Assert.False(weight.allclose(other("model.q_proj.weight", 64, 64).Value));
        Assert.Equal(0.02, weight.std().item<float>(), 0.001);
        Assert.Equal(0.005, one("model.layers.0.mlp.down_proj.weight", 64, 64).Value.std().item<float>(), 0.0003);
        Assert.Equal(1f, one("model.layers.0.self_attn.q_norm.weight", 8).Value.min().item<float>());
        Assert.Equal(0f, one("model.visual.deepstack_merger_list.0.linear_fc2.weight", 8, 8).Value.abs().max().item<float>());
        Assert.NotEqual(0f, one("model.visual.merger.linear_fc2.weight", 8, 8).Value.abs().max().item<float>());
    }

    [Fact]
    public void The_tower_stands_still_once_it_has_learnt_to_see()
    {
        using var scratch = new ScratchFolder();
        new DemoTrainer(scratch.At("training"), SmallSources.Create(), Settings(visionSteps: 2, steps: 4), Cpu).Run();
        using var scope = NewDisposeScope();
        using SafeTensorsFile seen = SafeTensorsFile.Open(scratch.At("training", "vision.safetensors")), whole = SafeTensorsFile.Open(scratch.At("training", DemoTrainer.StateName));
        Tensor Weight(SafeTensorsFile state, string name) => TrainedWeights.All(state)(name).Value;
        foreach (var (name, still) in new[] { ("model.visual.blocks.1.attn.proj.weight", true), ("lm_head.weight", false) })
            Assert.Equal(still, Weight(whole, name).allclose(Weight(seen, name), 0, 0));
    }

    private static TrainingSettings Settings(int visionSteps, int steps) =>
        new(5, Shape, visionSteps, VisionScenes: 4, VisionRate: 3e-3, steps, Scenes: 4, Rate: 3e-3, Warmup: 10, MicroBatchTokens: 512, TokenizerScenes: 200);

    private sealed class Each(Action<StageProgress> act) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => act(value);
    }
}
