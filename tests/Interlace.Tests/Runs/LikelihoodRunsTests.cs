using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Scoring;
using Interlace.Reporting;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Runs;

/// <summary>Whole runs and matrices that calibrate, tune and evaluate on texts alone.</summary>
public sealed class LikelihoodRunsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly JsonObject _experiment;

    public LikelihoodRunsTests()
    {
        string Rows(string what, int count) => string.Join('\n', Enumerable.Range(0, count).Select(i =>
            new JsonObject { ["text"] = $"{what} {i}: the red dog sees {i * 3} houses and {i} balls." }.ToJsonString()));
        File.WriteAllText(_scratch.At("tune.jsonl"), Rows("Tuning", 12));
        File.WriteAllText(_scratch.At("test.a.jsonl"), Rows("Test", 6));
        File.WriteAllText(_scratch.At("choices.jsonl"), string.Join('\n', Enumerable.Range(0, 6).Select(i => new JsonObject
        {
            ["context"] = $"The dog {i}", ["choices"] = new JsonArray("sees houses", "red the"), ["answer"] = i % 2,
        }.ToJsonString())));
        _experiment = new()
        {
            ["name"] = "tiny", ["model"] = TinyCheckpoints.Text, ["device"] = "cpu", ["dtype"] = "fp32",
            ["data"] = new JsonObject { ["path"] = "tune.jsonl", ["rate"] = 1, ["text_tokens"] = 16 },
            ["calibrate"] = new JsonObject { ["fraction"] = 1 },
            ["finetune"] = new JsonObject { ["train_on"] = "text", ["max_steps"] = 2, ["samples_per_step"] = 4 },
            ["evaluate"] = new JsonObject { ["texts"] = new JsonArray("test.a.jsonl"), ["choices"] = new JsonArray("choices.jsonl") },
        };
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_run_over_texts_has_the_perplexity_of_each_of_its_models()
    {
        string log = Run("run").Error;
        Assert.Contains("dense: perplexity of test.a ", log);
        var found = RunFolder.EvaluatedModels.ToDictionary(name => name,
            name => LikelihoodsFile.Load(_scratch.At("run", RunFolder.Evaluated, name, LikelihoodsFile.Name)));
        Assert.Equal(3, found.Values.Select(file => file.Texts.Single().Perplexity).Distinct().Count());
        Assert.False(File.Exists(_scratch.At("run", RunFolder.Evaluated, "dense", ScoresFile.Name)));
        JsonNode summary = JsonNode.Parse(File.ReadAllText(_scratch.At("run", RunFolder.Summary)))!;
        Assert.Equal(found["recovered"].Texts[0].Perplexity, (double)summary["likelihoods"]!["recovered"]!["perplexity"]!["test.a"]!);
        string page = File.ReadAllText(_scratch.At("run", RunFolder.Report)), markdown = File.ReadAllText(_scratch.At("run", "report.md"));
        Assert.All(new[] { page, markdown }, text => Assert.Contains(Numbers.Perplexity(found["dropped"].Texts[0].Perplexity), text));
        Assert.Contains("perplexity of test.a", page);

        // Nothing is done again, and nothing of other files or settings stands for this.
        Assert.Contains("evaluate recovered likelihoods: done before", Run("run").Error);
        Assert.Equal(0, CommandRun.Of("compare", _scratch.At("run")).Code);
        Assert.Equal(0, CommandRun.Of("report", _scratch.At("run")).Code);
        Assert.Contains("Perplexity and choices by likelihood", File.ReadAllText(_scratch.At("run", "report.md")));
        File.AppendAllText(_scratch.At("test.a.jsonl"), "\n{\"text\":\"One more.\"}");
        Assert.Contains("likelihoods are those of other files",
            CommandRun.Of("run", _scratch.At("x.json"), "--out", _scratch.At("run")).Refusal(expectLog: true));
        Assert.Equal(0, CommandRun.Of("run", _scratch.At("x.json"), "--out", _scratch.At("run"), "--force").Code);
        Assert.Equal(7, LikelihoodsFile.Load(_scratch.At("run", RunFolder.Evaluated, "dense", LikelihoodsFile.Name)).Texts[0].Rows);
    }

    [Fact]
    public void A_matrix_over_texts_shows_every_line_beside_the_dense_model()
    {
        _experiment["variants"] = new JsonArray(new JsonObject { ["tune"] = false }, new JsonObject(),
            new JsonObject { ["method"] = "short-gpt", ["tune"] = false });
        Run("matrix");
        Assert.Equal(5, File.ReadAllLines(_scratch.At("matrix", "tables", "perplexity.csv")).Length);
        string markdown = File.ReadAllText(_scratch.At("matrix", "report.md"));
        Assert.Contains("4 evaluations of tiny, 3 treatments.", markdown);
        Assert.True(File.Exists(_scratch.At("matrix", "figures", "perplexity.svg")));
        Assert.DoesNotContain(_scratch.Path, File.ReadAllText(_scratch.At("matrix", RunFolder.Report)));   // wherever the files lie
        var json = CommandRun.Of("report", _scratch.At("matrix"), "--json").Json();
        var dense = LikelihoodsFile.Load(_scratch.At("matrix", "dense", LikelihoodsFile.Name));
        var treatments = json["likelihoods"]![0]!["treatments"]!.AsObject();
        Assert.Equal(["Dense", "Interlace 25 %", "Interlace 25 %, untuned", "ShortGPT 25 %"],
            treatments.Select(treatment => treatment.Key.Replace('\u00A0', ' ')).Order(StringComparer.Ordinal));
        Assert.Equal(dense.Texts[0].Perplexity, (double)treatments["Dense"]!["perplexity"]!["test.a"]!);
        Assert.Equal(1, (double)treatments["Dense"]!["perplexity_ratio"]!, 1e-12);
        string again = Run("matrix").Error;
        Assert.Contains("stages are done", again);
        Assert.DoesNotContain("evaluate", again);
    }

    private CommandRun Run(string name)
    {
        File.WriteAllText(_scratch.At("x.json"), _experiment.ToJsonString());
        var run = CommandRun.Of("run", _scratch.At("x.json"), "--out", _scratch.At(name));
        Assert.True(run.Code == 0, run.Error);
        return run;
    }
}
