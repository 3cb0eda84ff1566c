using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Tests.Cli;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Tests.Evaluation.Asking;

public class AskingSettingsTests
{
    private static readonly Benchmark Ocr = Benchmarks.Find("OCRBench")!, Mia = Benchmarks.Find("MIABench")!, Pope = Benchmarks.Find("POPE")!;

    [Fact]
    public void A_benchmark_has_what_is_overridden_for_it_and_the_rest_from_all()
    {
        var options = new EvaluationOptions(Limit: 9, Protocol: "cot", Overrides: new() { ["ocrbench"] = new(MaxNewTokens: 100), ["MIA-Bench"] = new(Limit: 3, Prompts: "qwen3vl", Sampling: "qwen") });
        Assert.Equal(new AskingSettings(9, 100, "dataset", "greedy"), AskingSettings.Of(options, Ocr));
        Assert.Equal(new AskingSettings(3, 16_384, "qwen3vl", "qwen"), AskingSettings.Of(options, Mia));
        Assert.Equal(new AskingSettings(9, 16_384, "dataset", "greedy"), AskingSettings.Of(options, Pope));
        Assert.Equal(50, AskingSettings.Of(new EvaluationOptions(), Pope).MaxNewTokens);
        AskingSettings.Check(options, []);
        Assert.Contains("OCRBank", Assert.Throws<InputException>(() => AskingSettings.Check(options with { Overrides = new() { ["OCRBank"] = new() } }, [])).Message);
    }

    [Fact]
    public void The_qwen_preset_is_the_published_one()
    {
        Assert.Equal(new GenerationOptions(7, Temperature: 0.7, TopK: 20, TopP: 0.8, PresencePenalty: 1.5, Slots: 3), new AskingSettings(null, 7, "dataset", "qwen").Generation(3, Demo.Model));
        Assert.Equal(new GenerationOptions(7, Slots: 3), new AskingSettings(null, 7, "dataset", "greedy").Generation(3, Demo.Model));
        Assert.Contains("greedy or qwen", Assert.Throws<InputException>(() => GenerationOptions.Preset("beam")).Message);
    }

    [Fact]
    public void A_checkpoint_says_how_it_is_sampled_with_the_defaults_of_hugging_face()
    {
        using var scratch = new ScratchFolder();
        GenerationOptions Of(string json, double? temperature = null)
        {
            File.WriteAllText(scratch.At("generation_config.json"), json);
            return new AskingSettings(null, 7, "dataset", "checkpoint", temperature).Generation(3, scratch.Path);
        }
        Assert.Equal(new GenerationOptions(7, 0.6, 20, 0.95, RepetitionPenalty: 1.1, Slots: 3),
            Of("""{ "do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "repetition_penalty": 1.1 }"""));
        Assert.Equal(new GenerationOptions(7, 1, 50, Slots: 3), Of("""{ "do_sample": true }"""));
        Assert.Equal(new GenerationOptions(7, 0, 50, Slots: 3), Of("""{ "temperature": 0.6 }"""));
        Assert.Equal(new GenerationOptions(7, 0.7, 50, Slots: 3), Of("""{ "temperature": 0.6 }""", temperature: 0.7));
        File.Delete(scratch.At("generation_config.json"));
        Assert.Equal(0, new AskingSettings(null, 7, "dataset", "checkpoint").Generation(3, scratch.Path).Temperature);
        foreach (string wrong in new[] { """{ "top_p": 1.5 }""", """{ "temperature": 0 }""", """{ "top_k": -1 }""", """{ "do_sample": 1 }""" })
            Assert.Contains("generation_config.json", Assert.Throws<InputException>(() => Of(wrong)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_sampled_as_a_checkpoint_says_name_what_it_says_and_stand_only_for_that()
    {
        using var scratch = new ScratchFolder();
        string model = scratch.Copy(Demo.Model, "model"), config = Path.Combine(model, "generation_config.json");
        string asIs = File.ReadAllText(config);
        string[] Command(string at) => ["evaluate", model, "--benchmarks", Demo.Tables, "--only", "TinyOCR", "--limit", "6", "--out", scratch.At(at),
            "--sampling", "checkpoint", "--dtype", "fp32", "--threads", "1", "--set", "evaluate.max_new_tokens=4"];
        string Sampling(string at) => ScoresFile.Load(Path.Combine(scratch.At(at), ScoresFile.Name)).Settings.HowSampled();
        Assert.Equal(0, CommandRun.Of(Command("greedy")).Code);
        Assert.Equal("checkpoint (temperature 0, top-k 50, top-p 1, repetition penalty 1)", Sampling("greedy"));
        File.WriteAllText(config, asIs.Replace("\"do_sample\": false", "\"do_sample\": true", StringComparison.Ordinal));
        Assert.Equal(0, CommandRun.Of(Command("greedy")).Code);   // settings that changed: asked anew
        Assert.Equal("checkpoint (temperature 1, top-k 50, top-p 1, repetition penalty 1)", Sampling("greedy"));
        Assert.Equal(0, CommandRun.Of([.. Command("hot"), "--set", "evaluate.temperature=1.5"]).Code);
        Assert.Equal("checkpoint (temperature 1, top-k 50, top-p 1, repetition penalty 1) at temperature 1.5", Sampling("hot"));
    }

    [Fact]
    public void Seeds_differ_by_run_benchmark_and_row()
    {
        var seeds = from seed in new[] { 0, 1, -1 } from benchmark in new[] { "A", "B" } from index in new[] { "1", "2", "12" } select AskingSettings.SeedOf(seed, benchmark, index);
        Assert.Equal(18, seeds.Distinct().Count());
        Assert.Equal(AskingSettings.SeedOf(5, "A", "1"), AskingSettings.SeedOf(5, "A", "1"));
    }

    [Fact]
    public void Sampled_answers_depend_on_neither_slots_nor_an_interruption()
    {
        using var scratch = new ScratchFolder();
        EvaluationOptions Options(int slots) => new(Demo.Tables, ["TinyChart", "TinyOCR"], Limit: 12, MaxNewTokens: 6, Slots: slots, Sampling: "qwen", Overrides: new() { ["TinyOCR"] = new(Limit: 3, MaxNewTokens: 2) });
        var scores = Demo.Evaluate(scratch.At("alone"), Options(1));
        Demo.Evaluate(scratch.At("together"), Options(16));
        Demo.Evaluate(scratch.At("seeded"), Options(16), seed: 1);
        string[] Texts(string run) => [.. new[] { "TinyChart", "TinyOCR" }.SelectMany(name => EvaluationFolder.ReadAnswers(scratch.At(run), name).OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key} {a.Value.Prediction} {a.Value.Tokens}"))];
        Assert.Equal(15, Texts("alone").Length);
        Assert.Equal(Texts("alone"), Texts("together"));
        Assert.NotEqual(Texts("alone"), Texts("seeded"));
        Assert.All(EvaluationFolder.ReadAnswers(scratch.At("alone"), "TinyOCR").Values, answer => Assert.InRange(answer.Tokens, 1, 2));
        Assert.Equal("qwen", scores.Settings.Sampling);
        Assert.Equal(2, scores.Settings.Overrides!["TinyOCR"].MaxNewTokens);

        string lines = scratch.At("together", "predictions", "TinyChart.jsonl");
        File.WriteAllLines(lines, File.ReadAllLines(lines)[1..3]);
        var reports = new Reports();
        Demo.Evaluate(scratch.At("together"), Options(4), progress: reports);
        Assert.Equal(Texts("alone"), Texts("together"));
    }

    [Fact]
    public void Sixty_questions_have_the_same_answers_in_any_slots_and_order()
    {
        using var loaded = Demo.Open();
        var prompts = new List<EncodedSample>();
        foreach (var (benchmark, path) in Benchmarks.In(Demo.Tables))
        {
            using var table = BenchmarkTable.Open(path);
            foreach (var row in table.Rows.Take(10)) prompts.Add(loaded.Processor.Encode([Prompts.Message(benchmark, row, 1)], [ImageDecoder.Decode(table.Images(row)[0], path, ImageDecoding.Plain)], addGenerationPrompt: true));
        }
        string[] Answers(int slots, IReadOnlyList<EncodedSample> asked) => [.. new Generator(loaded.Model, new GenerationOptions(4, Slots: slots), [.. loaded.StopIds]).Run(asked).OrderBy(a => a.Index).Select(a => loaded.Processor.Tokenizer.Decode(a.Ids))];
        string[] alone = Answers(1, prompts);
        Assert.Equal(60, alone.Length);
        Assert.True(alone.Distinct().Count() > 10);
        Assert.Equal(alone, Answers(4, prompts));
        Assert.Equal(alone, Answers(16, prompts));
        Assert.Equal(alone, Answers(16, [.. prompts.AsEnumerable().Reverse()]).Reverse());
    }

    [Fact]
    public void Evaluation_runs_in_bf16()
    {
        using var scratch = new ScratchFolder();
        var run = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", Demo.Tables, "--out", scratch.At("run"), "--only", "TinyChart", "--limit", "2", "--device", "cpu", "--dtype", "bf16", "--set", "evaluate.max_new_tokens=2", "--json");
        Assert.Equal(0, run.Code);
        Assert.Equal(("bf16", 2), ((string)run.Json()["settings"]!["dtype"]!, (int)run.Json()["benchmarks"]![0]!["rows"]!));
    }

    private sealed class Reports : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => Assert.True(value.Done <= value.Total && value.Part!.Value.Done <= value.Part.Value.Total);
    }
}
