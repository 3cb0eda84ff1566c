using System.Text;
using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;
using Interlace.Training;

namespace Interlace.Tests.Cli;

/// <summary>Whatever is wrong with the input: exit code 2, one sentence that names the fault, and nothing half-written.</summary>
public sealed class BadInputTests : IDisposable
{
    private static readonly Dictionary<string, (Action<string> Damage, string Named)> Models = new()
    {
        ["a missing shard"] = (model => File.Delete(Path.Combine(model, "model-00002-of-00003.safetensors")), "model-00002-of-00003.safetensors"),
        ["a cut weight file"] = (model => Cut(Path.Combine(model, "model-00003-of-00003.safetensors"), 1000), "model-00003-of-00003.safetensors"),
        ["an empty weight file"] = (model => File.WriteAllBytes(Path.Combine(model, "model-00001-of-00003.safetensors"), []), "model-00001-of-00003.safetensors"),
        ["no config"] = (model => File.Delete(Path.Combine(model, "config.json")), "config.json"),
        ["a cut config"] = (model => Cut(Path.Combine(model, "config.json"), 100), "no valid JSON"),
        ["a config without a decoder"] = (model => Config(model, config => config.Remove("text_config")), "text_config"),
        ["another number of layers"] = (model => Config(model, config => config["text_config"]!["num_hidden_layers"] = 99), "layers"),
        ["a kind of model that is not known"] = (model => Config(model, config => config["model_type"] = "bert"), "'bert'"),
        ["a kind of model that is a number"] = (model => Config(model, config => config["model_type"] = 7), "type"),
        ["a cut index"] = (model => Cut(Path.Combine(model, "model.safetensors.index.json"), 50), "model.safetensors.index.json"),
        ["no folder"] = (model => Directory.Delete(model, recursive: true), "no model folder"),
    };

    private static readonly Dictionary<string, (Action<string> Damage, string Named)> Settings = new()
    {
        ["a config without a vision tower"] = (model => Config(model, config => config.Remove("vision_config")), "vision_config"),
        ["a width that is a text"] = (model => Config(model, config => config["text_config"]!["hidden_size"] = "wide"), "hidden_size"),
        ["a width that no weight has"] = (model => Config(model, config => config["text_config"]!["intermediate_size"] = 7), "7"),
        ["a switch that is a number"] = (model => Config(model, config => config["text_config"]!["attention_bias"] = 3), "attention_bias"),
        ["an activation that is a number"] = (model => Config(model, config => config["vision_config"]!["hidden_act"] = 3), "hidden_act"),
        ["no tokenizer"] = (model => File.Delete(Path.Combine(model, "tokenizer.json")), "tokenizer.json"),
        ["a cut tokenizer"] = (model => Cut(Path.Combine(model, "tokenizer.json"), 3000), "tokenizer.json"),
        ["a tokenizer of another kind"] = (model => File.WriteAllText(Path.Combine(model, "tokenizer.json"), """{"model": {"type": "Unigram", "vocab": []}}"""), "tokenizer.json"),
        ["no image settings"] = (model => File.Delete(Path.Combine(model, "preprocessor_config.json")), "preprocessor_config.json"),
        ["a patch size that is a text"] = (model => Edit(Path.Combine(model, "preprocessor_config.json"), settings => settings["patch_size"] = "small"), "patch_size"),
        ["stop tokens that are texts"] = (model => Edit(Path.Combine(model, "generation_config.json"), settings => settings["eos_token_id"] = new JsonArray("end")), "eos_token_id"),
    };

    private static readonly Dictionary<string, (Action<string> Damage, string Named)> Data = new()
    {
        ["no folder"] = (data => Directory.Delete(data, recursive: true), "does not exist"),
        ["an empty folder"] = (data => File.Delete(Path.Combine(data, "set", "train.parquet")), "holds no rows"),
        ["a cut file"] = (data => Cut(Path.Combine(data, "set", "train.parquet"), 100), "train.parquet"),
        ["an empty file"] = (data => File.WriteAllBytes(Path.Combine(data, "set", "train.parquet"), []), "train.parquet"),
        ["no Parquet file at all"] = (data => File.WriteAllText(Path.Combine(data, "set", "train.parquet"), "id,question,answer\n1,Why?,Because.\n"), "train.parquet"),
        ["damaged pages"] = (data => Overwrite(Path.Combine(data, "set", "train.parquet"), 4, 2000), "train.parquet"),
        ["other columns"] = (data => ParquetRows.WriteForeign(Path.Combine(data, "set", "train.parquet")), "train.parquet"),
        ["no row that can be used"] = (data => ParquetRows.Write(Path.Combine(data, "set", "train.parquet"), [new([], null), new([Encoding.UTF8.GetBytes("no image")], [("What?", "That.")])], new()), "No sample"),
        ["JSON rows of which none can be read"] = (data => Rows(data, "{\"conversations\": 3}\n"), "has neither a list"),
        ["a cut JSON array"] = (data => Rows(data, "[" + JsonRow(0) + ","), "cut off"),
        ["a JSON file without rows"] = (data => Rows(data, "[]"), "holds no rows"),
        ["messages without answers"] = (data => Rows(data, """{"messages":[{"role":"user","content":[{"type":"text","text":"q"}]}]}"""), "1 no answer"),
    };

    private static readonly Dictionary<string, (Action<string> Damage, string Named)> Tables = new()
    {
        ["no folder"] = (tables => Directory.Delete(tables, recursive: true), "no folder of benchmark tables"),
        ["a folder without tables"] = (tables => { File.Delete(Path.Combine(tables, "Small.tsv")); File.Delete(Path.Combine(tables, "benchmarks.json")); }, "no table of a known benchmark"),
        ["a table that is named and not there"] = (tables => File.Delete(Path.Combine(tables, "Small.tsv")), "Small.tsv"),
        ["rows that are no JSON"] = (tables => File.WriteAllText(Path.Combine(tables, "benchmarks.json"), "{"), "benchmarks.json"),
        ["a kind of benchmark that is not known"] = (tables => File.WriteAllText(Path.Combine(tables, "benchmarks.json"), """{"benchmarks": [{"name": "Small", "file": "Small.tsv", "kind": "essay"}]}"""), "benchmarks.json"),
        ["a table without its columns"] = (tables => File.WriteAllText(Path.Combine(tables, "Small.tsv"), "a\tb\n1\t2\n"), "Small.tsv"),
        ["an empty table"] = (tables => File.WriteAllText(Path.Combine(tables, "Small.tsv"), ""), "Small.tsv"),
    };

    private readonly ScratchFolder _scratch = new();
    private readonly string _model, _data, _tables, _out, _image;

    public BadInputTests()
    {
        _model = _scratch.Copy(TinyCheckpoints.Untied, "model");
        (_data, _tables, _out) = (_scratch.At("data"), _scratch.At("tables"), _scratch.At("out"));
        byte[] image = Png.Write(32, 32, 8, 2, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 37))]);
        File.WriteAllBytes(_image = _scratch.At("image.png"), image);
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"), [.. Enumerable.Range(0, 12).Select(i => new TestRow([image], [($"What is number {i}?", $"It is {i}.")]))], new());
        File.WriteAllText(_scratch.At("tables", "benchmarks.json"), """{"benchmarks": [{"name": "Small", "file": "Small.tsv", "kind": "yes-no"}]}""");
        File.WriteAllText(_scratch.At("tables", "Small.tsv"), $"index\timage\tquestion\tanswer\n0\t{Convert.ToBase64String(image)}\tIs it?\tYes\n");
    }

    public static TheoryData<string, string> DamagedModels => Cross(Models.Keys, ["calibrate", "prune", "sparsify", "run"]);
    public static TheoryData<string, string> WrongSettings => Cross(Settings.Keys, ["evaluate", "generate"]);
    public static TheoryData<string, string> DamagedData => Cross(Data.Keys, ["calibrate", "finetune", "sparsify", "run"]);
    public static TheoryData<string, string> DamagedTables => Cross(Tables.Keys, ["evaluate", "run"]);

    public void Dispose() => _scratch.Dispose();

    [Theory, InlineData("calibrate"), InlineData("prune"), InlineData("finetune"), InlineData("sparsify"), InlineData("evaluate"), InlineData("generate"), InlineData("run")]
    public void The_lines_that_are_refused_below_work_on_good_input(string verb) => Assert.Equal(0, CommandRun.Of(Line(verb)).Code);

    [Theory, InlineData("calibrate"), InlineData("finetune"), InlineData("sparsify"), InlineData("run")]
    public void Data_of_JSON_rows_is_as_good(string verb)
    {
        Rows(_data, string.Join('\n', Enumerable.Range(0, 12).Select(JsonRow)));
        File.Copy(_image, Path.Combine(_data, "image.png"));
        var run = CommandRun.Of(Line(verb));
        Assert.Equal((0, false), (run.Code, run.Error.Contains("left out", StringComparison.Ordinal)));
    }

    [Theory, InlineData("calibrate"), InlineData("finetune"), InlineData("sparsify"), InlineData("run")]
    public void Data_that_is_prepared_as_the_authors_do_is_as_good(string verb)
    {
        string[] preparation = ["data.draw=first", "data.turns=truncate", "data.incomplete=keep", "data.reencode=jpeg", "calibrate.draw=python"];
        Assert.Equal(0, CommandRun.Of([.. Line(verb), .. preparation.SelectMany(setting => new[] { "--set", setting })]).Code);
        if (verb != "calibrate") return;
        string similarity = File.ReadAllText(Path.Combine(_out, LayerSimilarity.Name));
        const string Expected = "{'format':'auto','draw':'first','counts':'files','turns':'truncate','incomplete':'keep','reencode':'jpeg',"
            + "'calibration':'python','transparency':'white'}";
        Assert.Equal(Expected.Replace('\'', '"'),
            JsonNode.Parse(similarity)!["settings"]!["preparation"]!.ToJsonString());
        Assert.Equal(similarity, LayerSimilarity.Load(Path.Combine(_out, LayerSimilarity.Name)).ToJson());
    }

    [Theory, MemberData(nameof(DamagedModels))]
    public void A_damaged_model_is_refused(string damage, string verb) => RefusedAfter(Models[damage], _model, verb);

    [Theory, MemberData(nameof(WrongSettings))]
    public void A_model_with_wrong_settings_is_refused(string damage, string verb) => RefusedAfter(Settings[damage], _model, verb);

    [Theory, MemberData(nameof(DamagedData))]
    public void Damaged_data_is_refused(string damage, string verb) => RefusedAfter(Data[damage], _data, verb);

    [Theory, MemberData(nameof(DamagedTables))]
    public void Damaged_tables_are_refused(string damage, string verb) => RefusedAfter(Tables[damage], _tables, verb);

    [Theory]
    [InlineData("plan.ratio=0.9", "largest possible ratio is 0.3", "run")]
    [InlineData("plan.method=guess", "'guess'", "run")]
    [InlineData("plan.method=streamline", "calibrate.max_window=8", "run")]
    [InlineData("plan.size=3", "plan.size", "run")]
    [InlineData("plan", "sets nothing", "calibrate")]
    [InlineData("data.rate=2", "data.rate is 2", "calibrate")]
    [InlineData("data.rate=much", "data.rate is 'much'", "finetune")]
    [InlineData("finetune.loss=mean", "batch_mean or micro_batch_mean", "finetune")]
    [InlineData("evaluate.only=Small,Large", "no benchmark Large", "evaluate")]
    [InlineData("evaluate.only=Large", "no benchmark Large", "run")]
    public void An_impossible_setting_is_refused(string setting, string named, string verb) => Refused(named, [.. Line(verb), "--set", setting]);

    [Theory]
    [InlineData("""{"model": "model", "datas": {}}""", "datas is unknown")]
    [InlineData("""{"model": "model", "plan": {"ratios": 0.1}}""", "plan.ratios is unknown")]
    [InlineData("""{"model": "model", "plan": {"ratio": "a quarter"}}""", "plan.ratio")]
    [InlineData("""{"model": 3}""", "model is 3")]
    [InlineData("""{"model": "model" """, "no valid JSON")]
    [InlineData("""{"data": {"path": "data"}}""", "names no model")]
    [InlineData("""{"model": "model"}""", "No data is named")]
    public void A_wrong_experiment_is_refused(string json, string named)
    {
        File.WriteAllText(_scratch.At("experiment.json"), json);
        Refused(named, ["run", _scratch.At("experiment.json"), "--out", _out]);
    }

    [Fact]
    public void A_plan_that_cannot_be_made_or_used_is_refused()
    {
        string run = _scratch.At("calibrated"), plan = Path.Combine(run, "plan.json");
        Refused("no", ["plan", run, "--ratio", "0.2"]);
        Assert.Equal(0, CommandRun.Of("calibrate", _model, "--data", _data, "--rate", "1", "--device", "cpu", "--dtype", "fp32", "--out", run).Code);
        string tooMany = Refused("largest possible ratio is 0.3", ["plan", run, "--ratio", "0.9"]);
        Assert.Matches(@"^\d+ of 36 layers cannot be dropped: ", tooMany);
        Refused("'guess'", ["plan", run, "--method", "guess"]);
        Assert.False(File.Exists(plan));
        Assert.Equal(0, CommandRun.Of("plan", run, "--ratio", "0.2").Code);
        byte[] made = File.ReadAllBytes(plan);
        Refused("--force", ["plan", run, "--ratio", "0.1"]);
        Assert.Equal(made, File.ReadAllBytes(plan));

        string other = _scratch.Copy(TinyCheckpoints.Tied, "other");
        Refused("12", ["prune", other, "--plan", plan, "--out", _out]);
        File.AppendAllText(Path.Combine(_model, "config.json"), "\n");
        Refused("another model", ["prune", _model, "--plan", plan, "--out", _out]);
        Cut(plan, 20);
        Refused("no valid plan", ["prune", _model, "--plan", plan, "--out", _out]);
        Refused("no plan", ["prune", _model, "--plan", _scratch.At("none.json"), "--out", _out]);
    }

    [Fact]
    public void A_folder_without_a_plan_or_with_nothing_to_tune_is_not_tuned()
    {
        Refused("plan.json", ["finetune", _model, "--data", _data, "--out", _out]);
        LayerRemoval.Prune(_model, PruningPlan.Create(36, drop: [5], tune: []), _scratch.At("untuned"));
        Refused("tunes no layer", ["finetune", _scratch.At("untuned"), "--data", _data, "--out", _out]);
    }

    [Theory, InlineData("calibrate"), InlineData("prune"), InlineData("finetune"), InlineData("sparsify"), InlineData("evaluate"), InlineData("run")]
    public void A_folder_of_others_is_not_written_to(string verb)
    {
        string[] line = Line(verb);
        Directory.CreateDirectory(_out);
        File.WriteAllText(Path.Combine(_out, "thesis.txt"), "mine");
        string[] before = Everything();
        Assert.Contains("not empty", CommandRun.Of(line).Refusal(), StringComparison.Ordinal);
        Assert.Equal(before, Everything());
        Directory.Delete(_out, recursive: true);
        File.WriteAllText(_out, "a file");
        before = Everything();
        Assert.Contains("is a file", CommandRun.Of(line).Refusal(), StringComparison.Ordinal);
        Assert.Equal(before, Everything());
    }

    [Fact]
    public void Nothing_of_a_full_disk_is_left_and_the_needed_room_is_told()
    {
        string pruned = Pruned();
        var experiment = ExperimentFile.Set(new(), "data.path", _data);
        var refusal = Assert.Throws<Vlm.InputException>(() => FineTuneStage.Run(pruned, _out, new Job(experiment, Demo.Fp32), freeBytes: _ => 3_000_000));
        Assert.Matches(@"needs \d+ MB, but its disk has 3 MB free", refusal.Message);
        Assert.False(Path.Exists(_out) || Path.Exists(_out + ".training"));
    }

    [Fact]
    public void A_wrong_experiment_can_be_put_right_and_started_in_the_same_place()
    {
        string[] line = ["calibrate", _model, "--rate", "1", "--device", "cpu", "--dtype", "fp32", "--out", _out];
        Refused("does not exist", [.. line, "--data", _scratch.At("none")]);
        Directory.CreateDirectory(_out);
        Assert.Equal(2, CommandRun.Of([.. line, "--data", _scratch.At("none")]).Code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_out));
        Assert.Equal(0, CommandRun.Of([.. line, "--data", _data]).Code);
        Assert.True(File.Exists(Path.Combine(_out, LayerSimilarity.Name)));
    }

    /// <summary>A complete command line that would work.</summary>
    private string[] Line(string verb)
    {
        string plan = _scratch.At("plan.json");
        if (verb == "prune") PlanFile.Save(PruningPlan.Create(36, drop: [5, 8], tune: [4, 9]), plan);
        if (verb == "run") File.WriteAllText(_scratch.At("experiment.json"), """{"model": "model", "data": {"path": "data", "rate": 1}, "calibrate": {"fraction": 1}, "plan": {"ratio": 0.2}, "evaluate": {"benchmarks": "tables", "max_new_tokens": 2}}""");
        return [verb, .. verb switch
        {
            "calibrate" => new[] { _model, "--data", _data, "--rate", "1", "--set", "calibrate.fraction=1", "--out", _out },
            "prune" => [_model, "--plan", plan, "--out", _out],
            "finetune" => [Pruned(), "--data", _data, "--rate", "1", "--out", _out],
            "sparsify" => [_model, "--data", _data, "--rate", "1", "--set", "calibrate.fraction=1", "--out", _out],
            "evaluate" => [_model, "--benchmarks", _tables, "--set", "evaluate.max_new_tokens=2", "--out", _out],
            "run" => [_scratch.At("experiment.json"), "--out", _out],
            _ => [_model, "Hello"],
        }, "--device", "cpu", "--dtype", "fp32"];
    }

    private string Pruned()
    {
        string folder = _scratch.At("pruned");
        if (!Directory.Exists(folder)) LayerRemoval.Prune(_model, PruningPlan.Create(36, drop: [5, 8], tune: [4, 9]), folder);
        return folder;
    }

    private void RefusedAfter((Action<string> Damage, string Named) what, string folder, string verb)
    {
        string[] line = Line(verb);
        what.Damage(folder);
        // These are seen when the data is read, and the run has told of its beginning.
        bool late = what == Data["damaged pages"] || what == Data["no row that can be used"]
            || what == Data["messages without answers"];
        Refused(what.Named, late ? [.. line, "--quiet"] : line);
    }

    private string Refused(string named, string[] line)
    {
        string[] before = Everything();
        string sentence = CommandRun.Of(line).Refusal();
        Assert.Contains(named, sentence, StringComparison.Ordinal);
        Assert.Equal(before, Everything());   // no output folder, no work beside it, nothing partial
        return sentence;
    }

    private string[] Everything() => [.. Directory.EnumerateFileSystemEntries(_scratch.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static TheoryData<string, string> Cross(IEnumerable<string> damages, string[] verbs)
    {
        var cases = new TheoryData<string, string>();
        foreach (string damage in damages)
            foreach (string verb in verbs) cases.Add(damage, verb);
        return cases;
    }

    private static void Rows(string data, string text)
    {
        Directory.Delete(Path.Combine(data, "set"), recursive: true);
        File.WriteAllText(Path.Combine(data, "rows.json"), text);
    }

    private static string JsonRow(int i) =>
        $$"""{"image":"image.png","conversations":[{"from":"human","value":"<image>\nWhat is number {{i}}?"},{"from":"gpt","value":"It is {{i}}."}]}""";

    private static void Config(string model, Action<JsonObject> change) => Edit(Path.Combine(model, "config.json"), change);

    private static void Edit(string path, Action<JsonObject> change)
    {
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    private static void Cut(string path, int bytes)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(file.Length - bytes);
    }

    private static void Overwrite(string path, int at, int count)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes.AsSpan(at, Math.Min(count, bytes.Length / 2)).Fill(0xA5);
        File.WriteAllBytes(path, bytes);
    }
}
