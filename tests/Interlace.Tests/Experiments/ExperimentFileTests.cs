using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Generation;

namespace Interlace.Tests.Experiments;

public class ExperimentFileTests
{
    [Fact]
    public void An_empty_file_is_the_defaults() =>
        Assert.Equal(new Experiment().Complete(), ExperimentFile.Parse("{}", "x.json").Complete());

    [Fact]
    public void What_is_written_reads_back()
    {
        var experiment = new Experiment(Model: "m", Seed: 7, Data: new(Path: "d", Rate: 1), Plan: new(Ratio: 0.1, Protect: false), Finetune: new(LearningRate: 5e-4, MaxSteps: 3)).Complete();
        string json = ExperimentFile.ToJson(experiment);
        Assert.Equal(experiment, ExperimentFile.Parse(json, "x.json"));
        Assert.Contains("\"learning_rate\": 0.0005", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"plann": {}}""", "plann", "plan")]
    [InlineData("""{"plan": {"rate": 0.1}}""", "plan.rate", "ratio")]
    [InlineData("""{"plan": {"ratio": null}}""", "plan.ratio is null", "default")]
    [InlineData("""{"plan": 3}""", "plan is 3", "an object")]
    [InlineData("""{"plan": {"ratio": "0.1"}}""", "plan.ratio is \"0.1\"", "a number")]
    [InlineData("""{"seed": 1.5}""", "seed is 1.5", "a whole number")]
    [InlineData("""{"plan": {"ratio": 1.5}}""", "plan.ratio is 1.5", "below 1")]
    [InlineData("""{"device": "tpu"}""", "device is 'tpu'", "auto, cpu or cuda")]
    [InlineData("""{"evaluate": {"only": [1]}}""", "evaluate.only is [1]", "a list of texts")]
    [InlineData("""{"evaluate": {"overrides": {"POPE": 3}}}""", "evaluate.overrides.POPE is 3", "an object")]
    [InlineData("""{"evaluate": {"overrides": {"POPE": {"tokens": 3}}}}""", "evaluate.overrides.POPE.tokens", "max_new_tokens")]
    [InlineData("""{"evaluate": {"overrides": {"POPE": {"max_new_tokens": "3"}}}}""", "evaluate.overrides.POPE.max_new_tokens", "a whole number")]
    [InlineData("""{"evaluate": {"overrides": {"POPE": {"max_new_tokens": 0}}}}""", "evaluate.overrides.POPE.max_new_tokens is 0", "1 or more")]
    [InlineData("""{"evaluate": {"overrides": {"POPE": {"sampling": "beam"}}}}""", "evaluate.overrides.POPE.sampling is 'beam'", "greedy, qwen or checkpoint")]
    [InlineData("""{"evaluate": {"overrides": {"POPE": null}}}""", "evaluate.overrides.POPE is null", "an object")]
    [InlineData("""{"seed": 1, "seed": 2}""", "seed", "JSON")]
    [InlineData("""{"seed": 1""", "x.json", "JSON")]
    [InlineData("[]", "x.json", "object")]
    public void A_wrong_file_is_refused_with_the_place_and_the_cure(string json, string place, string cure)
    {
        string message = Assert.Throws<InputException>(() => ExperimentFile.Parse(json, "x.json")).Message;
        Assert.StartsWith("x.json", message, StringComparison.Ordinal);
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.Contains(cure, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_are_set_by_their_path_in_their_own_type()
    {
        Experiment Set(string assignment) => ExperimentFile.Set(new Experiment(), assignment);
        Assert.Equal(2e-5, Set("finetune.learning_rate=2e-5").Finetune!.LearningRate);
        Assert.Equal(3, Set("seed=3").Seed);
        Assert.False(Set("plan.protect=false").Plan!.Protect);
        Assert.Equal("a=b", Set("model=a=b").Model);
        Assert.Equal(["POPE", "OCRBench"], Set("evaluate.only=POPE, OCRBench").Evaluate!.Only!);
        Assert.Equal(12, Set("finetune.max_steps=12").Finetune!.MaxSteps);
        var overrides = ExperimentFile.Set(Set("evaluate.overrides.POPE.max_new_tokens=7"), "evaluate.overrides.POPE.sampling=qwen").Evaluate!.Overrides!;
        Assert.Equal(new BenchmarkOverrides(MaxNewTokens: 7, Sampling: "qwen"), overrides["POPE"]);
        Assert.Null(ExperimentFile.Set(Set("finetune.max_steps=12"), "finetune.max_steps=null").Finetune!.MaxSteps);
    }

    [Theory]
    [InlineData("finetune.learning_rat=1", "learning_rate")]
    [InlineData("finetune.learning_rate=fast", "expected a number")]
    [InlineData("finetune.learning_rate=NaN", "expected a number")]
    [InlineData("finetune.learning_rate=-1", "above 0")]
    [InlineData("seed=1.5", "a whole number")]
    [InlineData("seed=null", "a whole number")]
    [InlineData("plan.protect=perhaps", "true or false")]
    [InlineData("plan=3", "section")]
    [InlineData("seed.x=3", "no parts")]
    [InlineData("evaluate.overrides=3", "evaluate.overrides.NAME.limit")]
    [InlineData("evaluate.overrides.POPE=3", "evaluate.overrides.NAME.limit")]
    [InlineData("evaluate.overrides.POPE.tokens=3", "max_new_tokens")]
    [InlineData("evaluate.overrides.POPE.limit=0", "1 or more")]
    [InlineData("seed", "sets nothing")]
    public void A_wrong_assignment_is_refused(string assignment, string part) =>
        Assert.Contains(part, Assert.Throws<InputException>(() => ExperimentFile.Set(new Experiment(), assignment)).Message, StringComparison.Ordinal);

    [Fact]
    public void Equal_settings_have_equal_hashes_however_they_are_given()
    {
        string hash = ExperimentFile.SettingsHash(new());
        Assert.Equal(hash, ExperimentFile.SettingsHash(new Experiment().Complete()));
        Assert.Equal(hash, ExperimentFile.SettingsHash(ExperimentFile.Parse("""{"plan": {"ratio": 2.5e-1}}""", "x.json")));
        Assert.Equal(hash, ExperimentFile.SettingsHash(ExperimentFile.Set(new(), "plan.ratio=0.250")));
        Assert.NotEqual(hash, ExperimentFile.SettingsHash(ExperimentFile.Set(new(), "plan.ratio=0.2")));
        Assert.Matches("^[0-9a-f]{64}$", hash);
        string Overrides(string first, string second) => ExperimentFile.SettingsHash(ExperimentFile.Set(ExperimentFile.Set(new(), $"evaluate.overrides.{first}.limit=1"), $"evaluate.overrides.{second}.limit=1"));
        Assert.Equal(Overrides("POPE", "AI2D"), Overrides("AI2D", "POPE"));
    }

    [Fact]
    public void Every_value_has_a_place_and_its_default_is_possible()
    {
        var defaults = ExperimentFile.Parse(ExperimentFile.ToJson(new()), "defaults");
        Assert.Equal(new Experiment().Complete(), defaults);
        Assert.Equal("0.25", ExperimentFile.Default("plan.ratio"));
        Assert.Null(ExperimentFile.Default("model"));
        Assert.All(ExperimentRules.Paths.Where(path => !path.StartsWith("variants.", StringComparison.Ordinal)), path => ExperimentFile.Default(path));
        Assert.Throws<InputException>(() => ExperimentFile.Default("plan.rate"));
    }

    [Fact]
    public void Variants_are_read_line_by_line_and_keep_to_the_rules()
    {
        var lines = ExperimentFile.Parse("""{ "variants": [{ "method": "sleb", "ratio": 0.1, "tune": false }, { "method": "wanda", "pattern": "2:4", "protocol": "cot" }, { "rounds": 2, "distill": 0.5 }] }""", "file").Variants!;
        Assert.Equal([new("sleb", Ratio: 0.1, Tune: false), new("wanda", Pattern: "2:4", Protocol: "cot"), new(Rounds: 2, Distill: 0.5)], lines);
        void Refused(string variants, string expected) => Assert.Equal(expected, Assert.Throws<InputException>(() => ExperimentFile.Parse($$"""{ "variants": {{variants}} }""", "file")).Message);
        Refused("""[{ "method": "sleb" }, { "rate": 0.1 }]""",
            "file: variants.1.rate is unknown: its section variants.1 has method, ratio, pattern, tune, seed, "
                + "selection, tokens, protect, protocol, rounds, distill, bridge, objective, set.");
        Refused("""[{ "ratio": "much" }]""", "file: variants.0.ratio is \"much\", expected a number.");
        Refused("""[{ "ratio": 1 }]""", "file: variants.0.ratio is 1, expected a number from 0 to below 1.");
        Refused("""[{ "rounds": 0 }]""", "file: variants.0.rounds is 0, expected 1 or more.");
        Refused("""[{ "distill": 2 }]""", "file: variants.0.distill is 2, expected a number from 0 to 1.");
        Refused("""[7]""", "file: variants.0 is 7, expected an object.");
        Refused("""{}""", "file: variants is {}, expected a list.");
        Assert.Contains("set it in an experiment file", Assert.Throws<InputException>(() => ExperimentFile.Set(new(), "variants.0.ratio=0.2")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_on_the_hub_are_no_paths_unless_their_folder_lies_beside_the_file()
    {
        using var folder = new ScratchFolder();
        string file = folder.At("experiment.json");
        File.WriteAllText(file, """{"model": "some-org/Model@v1", "data": {"path": "hf://some-org/Data=0.5,mine.jsonl"}}""");
        var experiment = ExperimentFile.Load(file);
        Assert.Equal(("some-org/Model@v1", $"hf://some-org/Data=0.5,{Path.Combine(folder.Path, "mine.jsonl")}"),
            (experiment.Model, experiment.Data!.Path));
        Directory.CreateDirectory(folder.At("some-org"));
        Assert.Equal(Path.Combine(folder.Path, "some-org", "Model@v1"), ExperimentFile.Load(file).Model);
    }
}
