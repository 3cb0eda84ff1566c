using System.Text.Json.Nodes;
using Interlace.Experiments;
using Interlace.Tests.Cli;
using Interlace.Vlm;

namespace Interlace.Tests.Experiments;

public class RecipeTests
{
    [Fact]
    public void The_papers_recipe_is_the_defaults_and_the_authors_another() =>
        Assert.Multiple(
            () => Assert.Equal(new Experiment().Complete(), Recipe.Experiment(Recipe.Paper).Complete()),
            () => Assert.NotEqual(Recipe.Experiment(Recipe.Paper).Complete() with { Recipe = Recipe.Authors }, Recipe.Experiment(Recipe.Authors).Complete()));

    [Fact]
    public void A_recipe_lies_below_the_file_and_the_file_below_what_is_set()
    {
        const string file = """{ "recipe": "authors", "seed": 7, "plan": { "ties": "second" }, "finetune": { "max_pixels": 4000 } }""";
        var authors = Recipe.Experiment(Recipe.Authors).Complete();
        var read = ExperimentFile.Parse(file, "x.json");
        Assert.Equal((7, "second", 4000), (read.Seed, read.Plan!.Ties, read.Finetune!.MaxPixels));
        Assert.Equal(authors.Plan! with { Ties = "second" }, read.Plan);
        Assert.Equal(authors.Finetune! with { MaxPixels = 4000 }, read.Finetune);
        Assert.Equal(authors.Calibrate, read.Complete().Calibrate);
        Assert.Equal("first", ExperimentFile.Set(read, "plan.ties=first").Plan!.Ties);
        Assert.Equal(new PlanOptions(Ties: "second"), ExperimentFile.Parse(file, "x.json", Recipe.Paper).Plan);   // an option goes before the file's name
    }

    [Fact]
    public void What_a_file_sets_otherwise_than_its_recipe_is_said()
    {
        List<string> said = [];
        ExperimentFile.Parse("""{ "recipe": "authors", "dtype": "bf16", "plan": { "protect": true, "ties": "first" } }""", "x.json", log: said.Add);
        Assert.Equal(["x.json goes before the recipe authors: plan.protect is true, not false."], said);
        ExperimentFile.Parse("""{ "plan": { "protect": false } }""", "x.json", log: said.Add);
        Assert.Single(said);
    }

    [Fact]
    public void The_record_of_a_run_names_its_recipe_and_reads_back()
    {
        var authors = Recipe.Experiment(Recipe.Authors).Complete();
        string json = ExperimentFile.ToJson(authors);
        Assert.Contains("\"recipe\": \"authors\"", json, StringComparison.Ordinal);
        Assert.Equal(authors, ExperimentFile.Parse(json, "x.json"));
    }

    [Fact]
    public void Settings_of_the_first_release_keep_their_hash()
    {
        // made with the first release: later options must not change it where they have their defaults
        Assert.Equal(FirstHash, ExperimentFile.SettingsHash(new Experiment()));
        Assert.NotEqual(FirstHash, ExperimentFile.SettingsHash(new Experiment(Plan: new(Ties: "first"))));
        Assert.NotEqual(FirstHash, ExperimentFile.SettingsHash(Recipe.Experiment(Recipe.Authors)));
    }

    private const string FirstHash = "8512b52c865dad16be1fb543138a581a0df5cbf904044e7832520ea8772fb23c";

    [Theory]
    [InlineData("""{ "recipe": "mine" }""", "recipe is 'mine', expected paper or authors")]
    [InlineData("""{ "recipe": 3 }""", "recipe is 3, expected a text")]
    public void A_wrong_recipe_is_refused(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => ExperimentFile.Parse(json, "x.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_recipe_is_no_single_value() =>
        Assert.Contains("--recipe", Assert.Throws<InputException>(() => ExperimentFile.Set(new(), "recipe=authors")).Message, StringComparison.Ordinal);

    [Fact]
    public void Inspect_shows_all_options_of_a_recipe_and_nothing_else_beside()
    {
        var shown = CommandRun.Of("inspect", "--recipe", "authors");
        Assert.Equal(ExperimentFile.ToJson(Recipe.Experiment(Recipe.Authors)), shown.Out);
        Assert.Equal("samples", (string?)JsonNode.Parse(CommandRun.Of("inspect", "--recipe", "authors", "--json").Out)!["plan"]!["weighting"]);
        foreach (string[] wrong in new string[][] { ["inspect", "--recipe", "mine"], ["inspect"], ["inspect", "x", "--recipe", "paper"] })
            CommandRun.Of(wrong).Refusal();
    }
}
