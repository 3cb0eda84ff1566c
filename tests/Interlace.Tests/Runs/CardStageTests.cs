using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Scoring;
using Interlace.Pruning;
using Interlace.Tests.Cases;
using Interlace.Tests.Cli;

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
    public void A_folder_without_models_is_refused()
    {
        using var scratch = new ScratchFolder();
        File.Copy(run.At("run", RunFolder.Record), scratch.At("run", RunFolder.Record));
        string refused = CommandRun.Of("card", scratch.At("run")).Refusal();
        Assert.Contains("holds neither a pruned nor a tuned model", refused, StringComparison.Ordinal);
        Assert.Equal([RunFolder.Record], Directory.EnumerateFiles(scratch.At("run")).Select(Path.GetFileName));
    }
}
