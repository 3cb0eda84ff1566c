using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Scoring;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Reporting;
using Interlace.Runs;
using Interlace.Tests.Cases;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Runs;

/// <summary>The cards of a run's models: what they say, whose they replace, and that they stay with their model.</summary>
public sealed class CardStageTests(DemoRun run) : IClassFixture<DemoRun>
{
    [Fact]
    public void A_card_says_what_the_run_measured_and_stays_with_its_model()
    {
        using var scratch = new ScratchFolder();
        string folder = scratch.At("run"), parent = run.At("M");
        DemoRun.Copy(run.At("run"), folder);
        var written = CommandRun.Of("card", folder, "--json");
        Assert.True(written.Code == 0, written.Error);
        string[] cards = [.. written.Json()["cards"]!.AsArray().Select(path => (string)path!)];
        string[] expected = [Path.Combine(folder, "pruned", "README.md"), Path.Combine(folder, "tuned", "README.md")];
        Assert.Equal(expected, cards);

        string pruned = File.ReadAllText(cards[0]), tuned = File.ReadAllText(cards[1]);
        var plan = PlanFile.Load(Path.Combine(folder, PlanFile.Name));
        foreach (string card in new[] { pruned, tuned })
        {
            Assert.StartsWith("---\nbase_model: \"M\"\n", card, StringComparison.Ordinal);
            Assert.Contains("pipeline_tag: image-text-to-text\n", card, StringComparison.Ordinal);
            Assert.Contains($"without {plan.Drop.Length} of its {plan.LayerCount} decoder layers", card, StringComparison.Ordinal);
            Assert.Contains($"(layers {string.Join(", ", plan.Drop)}, counted from 0)", card, StringComparison.Ordinal);
            Assert.DoesNotContain("license", card, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("model-index", pruned, StringComparison.Ordinal);
        Assert.Contains("base_model_relation: finetune\n", tuned, StringComparison.Ordinal);
        var scores = ScoresFile.Load(Path.Combine(folder, RunFolder.Evaluated, "recovered", ScoresFile.Name));
        foreach (var benchmark in scores.Benchmarks)
        {
            string row = $"| {benchmark.Name} | {benchmark.Percent:0.0} |\n", entry = $"value: {JsonValue.Create(benchmark.Percent)!}";
            Assert.Contains(row, tuned, StringComparison.Ordinal);
            Assert.Contains(entry, tuned, StringComparison.Ordinal);
        }
        Assert.Contains($"at most {scores.Settings.MaxNewTokens} new tokens", tuned, StringComparison.Ordinal);

        // Again: the same bytes. The folder is still what verify expects, and neither copied card tells of another model.
        Assert.Equal(0, CommandRun.Of("card", folder).Code);
        Assert.Equal(tuned, File.ReadAllText(cards[1]));
        Assert.Equal(0, CommandRun.Of("verify", Path.Combine(folder, "pruned"), "--parent", parent, "--dtype", "fp32").Code);
        PlanFile.Save(PruningPlan.Create(plan.LayerCount - plan.Drop.Length, drop: [1], tune: []), scratch.At("further.json"));
        string again = scratch.At("further");
        var further = CommandRun.Of("prune", Path.Combine(folder, "pruned"), "--plan", scratch.At("further.json"), "--out", again);
        Assert.True(further.Code == 0, further.Error);
        Assert.False(File.Exists(scratch.At("further", "README.md")));
    }

    [Fact]
    public void The_parents_card_gives_its_licence_and_is_replaced_and_no_other_is()
    {
        using var scratch = new ScratchFolder();
        string parent = scratch.At("hub", "models--some-org--Some-Model", "snapshots", "0123");
        DemoRun.Copy(run.At("M"), parent);
        File.WriteAllText(Path.Combine(parent, "README.md"), "---\nlicense: apache-2.0\nlanguage: en\n---\n# Some Model\n");
        string folder = scratch.At("run");
        DemoRun.Copy(run.At("run"), folder);
        string record = Path.Combine(folder, RunFolder.Record);
        JsonNode settings = JsonNode.Parse(File.ReadAllText(record))!;
        settings["settings"]!["model"] = parent;
        File.WriteAllText(record, settings.ToJsonString());
        string card = Path.Combine(folder, "pruned", "README.md");
        File.Copy(Path.Combine(parent, "README.md"), card);   // as pruning copies it

        Assert.Equal(0, CommandRun.Of("card", folder).Code);
        string head = "---\nbase_model: \"some-org/Some-Model\"\nlicense: \"apache-2.0\"\n";
        Assert.StartsWith(head, File.ReadAllText(card), StringComparison.Ordinal);
        File.WriteAllText(card, "My own words.\n");
        string refused = CommandRun.Of("card", folder).Refusal();
        Assert.Contains($"{card} is neither made by Interlace nor the parent's", refused, StringComparison.Ordinal);
        Assert.Equal("My own words.\n", File.ReadAllText(card));
        Assert.Equal(0, CommandRun.Of("card", folder, "--force").Code);
        Assert.True(CardFile.IsOurs(Path.Combine(folder, "pruned")));
    }

    [Fact]
    public void A_run_ends_with_the_cards_of_its_models_and_leaves_the_user_s_own_alone()
    {
        using var work = new WorkOnDemo();
        File.WriteAllText(Path.Combine(work.Model, "README.md"), "---\nlicense: apache-2.0\n---\n# The parent\n");
        var experiment = work.Experiment with { Model = work.Model, Plan = new(Ratio: 0.25) };
        string folder = work.At("run");
        List<string> said = [];
        void Run() => new Pipeline(new Job(experiment, Demo.Fp32, said.Add), folder).Run();
        string Card(string model) => Path.Combine(folder, model, CardFile.Name);
        Run();
        foreach (var (model, evaluated) in new[] { (RunFolder.Pruned, "dropped"), (RunFolder.Tuned, "recovered") })
        {
            string card = File.ReadAllText(Card(model));
            Assert.StartsWith("---\nbase_model: \"model\"\n", card, StringComparison.Ordinal);
            Assert.Contains("license: \"apache-2.0\"\n", card, StringComparison.Ordinal);
            double Score(string name) => ScoresFile.Load(Path.Combine(folder, RunFolder.Evaluated, name, ScoresFile.Name))
                .Benchmarks.Single().Percent!.Value;
            Assert.Contains($"| TinyVQA | {Score("dense"):0.0} | {Score(evaluated):0.0} |\n", card, StringComparison.Ordinal);
            Assert.Contains("limited protocol, at most 4 new tokens", card, StringComparison.Ordinal);
            Assert.All(Verification.Structure(Path.Combine(folder, model), work.Model), check => Assert.True(check.Passed, check.Detail));
        }
        Assert.DoesNotContain(said, line => line.StartsWith("card: ", StringComparison.Ordinal));
        byte[] pruned = File.ReadAllBytes(Card(RunFolder.Pruned)), tuned = File.ReadAllBytes(Card(RunFolder.Tuned));
        Assert.Equal([Card(RunFolder.Pruned), Card(RunFolder.Tuned)], CardStage.Run(folder, experiment));
        Assert.Equal(tuned, File.ReadAllBytes(Card(RunFolder.Tuned)));

        File.WriteAllText(Card(RunFolder.Tuned), "My own words.\n");
        File.Delete(Card(RunFolder.Pruned));
        Assert.All(Verification.Structure(Path.Combine(folder, RunFolder.Pruned), work.Model),
            check => Assert.True(check.Passed, check.Detail));
        Run();
        Assert.Equal("My own words.\n", File.ReadAllText(Card(RunFolder.Tuned)));
        Assert.Equal(pruned, File.ReadAllBytes(Card(RunFolder.Pruned)));
        string line = Assert.Single(said, line => line.StartsWith("card: ", StringComparison.Ordinal));
        Assert.Equal($"card: {Card(RunFolder.Tuned)} is neither made by Interlace nor the parent's, and stays", line);
    }

    [Fact]
    public void A_matrix_gives_cards_to_the_models_that_it_keeps()
    {
        using var work = new WorkOnDemo();
        var experiment = work.Experiment with
        {
            Model = work.Model, Plan = new(Ratio: 0.25),
            Variants = [new("interlace", Tune: false), new("interlace"), new("interlace", Protocol: "cot"), new("wanda", Pattern: "2:4")],
        };
        string folder = work.At("matrix");
        new Matrix(new Job(experiment, Demo.Fp32), folder).Run();
        string Card(params string[] parts) => File.ReadAllText(Path.Combine([folder, RunFolder.Variants, .. parts, CardFile.Name]));
        double Score(params string[] parts) =>
            ScoresFile.Load(Path.Combine([folder, .. parts, ScoresFile.Name])).Benchmarks.Single().Percent!.Value;
        string At(string variant, string evaluated) => Path.Combine(RunFolder.Variants, variant, RunFolder.Evaluated, evaluated);
        string Row(string dense, string own) => $"| TinyVQA | {Score(dense):0.0} | {Score(own):0.0} |\n";

        string pruned = Card("interlace-25", RunFolder.Pruned), tuned = Card("interlace-25", RunFolder.Tuned);
        Assert.Contains(Row("dense", At("interlace-25", "dropped")), pruned, StringComparison.Ordinal);
        Assert.DoesNotContain("cot protocol", pruned, StringComparison.Ordinal);
        // Asked under two protocols: a table and an entry of the index for each.
        foreach (var (dense, recovered, protocol) in new[] { ("dense", "recovered", "limited"), ("dense-cot", "recovered-cot", "cot") })
        {
            Assert.Contains(Row(dense, At("interlace-25", recovered)), tuned, StringComparison.Ordinal);
            Assert.Contains($"name: \"percent; {protocol} protocol", tuned, StringComparison.Ordinal);
        }
        string sparse = Card("wanda-2of4", RunFolder.Pruned);
        Assert.Contains("- weight-sparsity\n", sparse, StringComparison.Ordinal);
        Assert.Contains("zero by the method `wanda` (pattern 2:4)", sparse, StringComparison.Ordinal);
        Assert.DoesNotContain("plan.json", sparse, StringComparison.Ordinal);
    }

    [Fact]
    public void Likelihoods_stand_beside_scores()
    {
        LikelihoodScore[] Of(double value) => [new("a_file", value)];
        var run = new ReportData("", "m", "interlace 9")
        {
            Seed = 3,
            Models = [new("dropped", 40.04, [new("Bench", 40.04)])],
            Likelihoods = [new("dense", Of(7.121), Of(51.2)), new("dropped", Of(9.5), Of(48.24))],
        };
        string card = new ModelCard("m", ReadsImages: false, new Dictionary<string, string>(), []).ToMarkdown([run], "dropped");
        Assert.Contains("| benchmark | this model |\n|---|---|\n| Bench | 40.0 |\n| average | 40.0 |\n", card, StringComparison.Ordinal);
        Assert.Contains("| choices | unpruned | this model |\n|---|---|---|\n| a\\_file | 51.2 | 48.2 |\n", card,
            StringComparison.Ordinal);
        Assert.Contains("| texts | unpruned | this model |\n|---|---|---|\n| a\\_file | 7.12 | 9.50 |\n", card,
            StringComparison.Ordinal);
        foreach (string metric in new[] { "score, value: 40.04", "accuracy, value: 48.24", "perplexity, value: 9.5" })
            Assert.Contains($"metrics: [{{type: {metric}, name: ", card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_models_is_refused()
    {
        using var scratch = new ScratchFolder();
        File.Copy(run.At("run", RunFolder.Record), scratch.At("run", RunFolder.Record));
        string refused = CommandRun.Of("card", scratch.At("run")).Refusal();
        Assert.Contains("holds neither a pruned nor a tuned model", refused, StringComparison.Ordinal);
        Assert.Equal([RunFolder.Record], Directory.EnumerateFiles(scratch.At("run")).Select(Path.GetFileName));
    }
}
