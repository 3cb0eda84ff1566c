using Interlace.Evaluation.Latency;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Tests.Cli;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Latency;

public class LatencyStageTests
{
    [Fact]
    public void Stages_are_timed_for_every_model_on_the_same_questions()
    {
        using var dense = Demo.Open();
        // All weights are shared; one layer of sixteen is far faster on any machine.
        var models = new[] { dense, dense with { Model = dense.Model.Keep([7]) } };
        var experiment = new Experiment(Evaluate: new EvaluationOptions(Demo.Tables, ["TinyVQA", "TinyStar"]));
        var file = new LatencyStage(models, new Job(experiment, Demo.Fp32), new LatencyOptions(Samples: 5, NewTokens: 4, WarmUp: 1)).Run();
        Assert.Equal([16, 1], file.Models.Select(model => model.Layers));
        Assert.Equal([1, 16], file.Models.Select(model => model.IdealDecoderSpeedUp));
        Assert.Equal(["model", "model (2)"], file.Models.Select(model => model.Name));
        Assert.Equal(["TinyVQA", "TinyStar"], file.Benchmarks.Select(b => b.Name));
        foreach (var benchmark in file.Benchmarks)
        {
            Assert.Equal((5, 16, 0), (benchmark.Samples, benchmark.VisualTokens, benchmark.Skipped));
            Assert.InRange(benchmark.TextTokens, 10, 200);
            foreach (var model in benchmark.Models)
            {
                var m = model.Measured;
                foreach (double[] stage in new[] { m.Image, m.Vision, m.Prefill, m.FirstToken, m.PerToken })
                {
                    Assert.Equal(5, stage.Length);
                    Assert.All(stage, time => Assert.True(time > 0));
                }
                double[] whole = [.. m.Image.Select((t, i) => t + m.Vision[i] + m.Prefill[i] + m.FirstToken[i]).Order()];
                Assert.Equal(whole[2], model.TimeToFirstToken.Median, 0.001);
                Assert.InRange(model.TimeToFirstToken.Median, model.TimeToFirstToken.Interval[0], model.TimeToFirstToken.Interval[1]);
            }
        }
        var overall = Assert.Single(file.SpeedUps[^1].Models);
        Assert.Equal((null, null), (file.SpeedUps[^1].Group, file.SpeedUps[^1].Benchmark));
        Assert.True(overall.Prefill.Median > 2, $"prefill {overall.Prefill.Median}");
        Assert.True(overall.PerToken.Median > 2, $"per token {overall.PerToken.Median}");
        Assert.True(overall.TimeToFirstToken.Median is > 1 and var all && all < overall.Prefill.Median, $"{overall.TimeToFirstToken.Median}");   // the vision encoder is as it was
    }

    [Fact]
    public void Ratios_are_paired_and_groups_are_means_of_benchmarks()
    {
        AnswerTimes Times(double image, double prefill) => new(image, 0, prefill, 0, prefill);
        AnswerTimes[] slow = [Times(0, 1), Times(0, 10), Times(0, 100)];
        AnswerTimes[] Faster(double by) => [.. slow.Select(t => Times(0, t.Prefill / by))];
        Benchmark Of(string name, string? group) => new(name, name, BenchmarkKind.Vqa, group);
        var rows = LatencyStatistics.SpeedUps([(Of("M", "GVQA"), [slow, Faster(4)]), (Of("A", "Text/Chart"), [slow, Faster(2)]), (Of("B", "Text/Chart"), [slow, Faster(3)]), (Of("O", null), [slow, Faster(1)])], 0);
        Assert.Equal([("Text/Chart", "A"), ("Text/Chart", "B"), ("Text/Chart", null), ("GVQA", "M"), ("GVQA", null), (null, "O"), (null, null)], rows.Select(row => (row.Group, row.Benchmark)));
        Assert.Equal([2, 3, 2.5, 4, 4, 1, 2.5], rows.Select(row => row.Models[0].TimeToFirstToken.Median));
        Assert.All(rows, row => Assert.Equal(row.Models[0].Prefill.Median, row.Models[0].Prefill.Interval[0], 1e-12));   // every question is faster by the same factor
        Assert.Empty(LatencyStatistics.SpeedUps([(Of("A", null), [slow])], 0));
    }

    [Fact]
    public void Medians_lie_in_their_intervals_which_follow_the_seed()
    {
        Assert.Equal(2.5, LatencyStatistics.Median([4, 1, 2, 3]));
        Assert.Equal(3, LatencyStatistics.Median([4, 1, 3]));
        AnswerTimes[] times = [.. Enumerable.Range(0, 41).Select(i => new AnswerTimes(0, 0, i * i, 0, 1))];
        var estimate = LatencyStatistics.Of(times, 3).Prefill;
        Assert.Equal(400, estimate.Median);
        Assert.InRange(estimate.Interval[0], 100, 324);
        Assert.InRange(estimate.Interval[1], 484, 900);
        Assert.Equal(estimate.Interval, LatencyStatistics.Of(times, 3).Prefill.Interval);
    }

    [Fact]
    public void The_command_writes_prints_and_inspects_its_artefact()
    {
        using var scratch = new ScratchFolder();
        string[] arguments = ["latency", Demo.Model, Demo.Model, "--benchmarks", Demo.Tables, "--only", "TinyVQA", "--samples", "2", "--new-tokens", "1", "--warm-up", "0", "--device", "cpu", "--dtype", "fp32", "--out", scratch.At("run")];
        var run = CommandRun.Of([.. arguments, "--quiet"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("Overall", run.Out, StringComparison.Ordinal);
        Assert.Contains("exists", CommandRun.Of([.. arguments, "--quiet"]).Refusal(), StringComparison.Ordinal);
        var json = CommandRun.Of([.. arguments, "--force", "--json"]).Json();
        Assert.Equal((LatencyFile.CurrentFormat, "model (2)"), ((string)json["format"]!, (string)json["models"]![1]!["name"]!));
        string path = scratch.At("run", LatencyFile.Name);
        Assert.Equal(File.ReadAllText(path), LatencyFile.Load(path).ToJson());
        Assert.Contains("TinyVQA", CommandRun.Of("inspect", path).Out, StringComparison.Ordinal);
        File.WriteAllText(path, "{}");
        Assert.Throws<InputException>(() => LatencyFile.Load(path));
    }

    [Fact]
    public void Models_that_read_differently_are_not_compared()
    {
        string other = TinyCheckpoints.Tied;
        string refusal = CommandRun.Of("latency", Demo.Model, other, "--benchmarks", Demo.Tables, "--only", "TinyVQA", "--samples", "1", "--warm-up", "0", "--device", "cpu", "--dtype", "fp32", "--quiet").Refusal();
        Assert.Contains("differently", refusal, StringComparison.Ordinal);
        Assert.Contains("--benchmarks", CommandRun.Of("latency", Demo.Model, "--device", "cpu").Refusal(), StringComparison.Ordinal);
    }
}
