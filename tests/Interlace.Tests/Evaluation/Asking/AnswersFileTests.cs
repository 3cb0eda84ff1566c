using Interlace.Evaluation.Asking;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Asking;

public sealed class AnswersFileTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    private static AnswersFile File0 => new(AnswersFile.CurrentFormat, "x 1", new("limited", 50, "dataset", null, null, "cpu", "fp32"), 0,
        new(new("c", "t", new Dictionary<string, long> { ["w"] = 3 }), new Dictionary<string, string> { ["a.tsv"] = "md5" }, new("pruned", 8, 2, "interlace")), "here");

    [Fact]
    public void Answers_are_taken_up_by_the_same_model_tables_and_settings_wherever_the_tables_lie()
    {
        string path = _scratch.At("answers.json");
        File0.Save(path);
        var found = AnswersFile.Load(path);
        Assert.True(found.IsSameWorkAs(File0 with { Benchmarks = "there" }));
        Assert.False(found.IsSameWorkAs(File0 with { Seed = 1 }));
        Assert.False(found.IsSameWorkAs(File0 with { Settings = File0.Settings with { MaxNewTokens = 51 } }));
        Assert.False(found.IsSameWorkAs(File0 with { Inputs = File0.Inputs with { Tables = new Dictionary<string, string> { ["a.tsv"] = "other" } } }));
        Assert.Equal(0.25, found.Inputs.History!.DropRatio);
    }

    [Fact]
    public void What_is_no_such_file_is_refused()
    {
        string path = _scratch.At("answers.json");
        Assert.Contains("evaluate a model first", Assert.Throws<InputException>(() => AnswersFile.Load(path)).Message, StringComparison.Ordinal);
        (File0 with { Format = "interlace-answers/9" }).Save(path);
        Assert.Contains("interlace-answers/9", Assert.Throws<InputException>(() => AnswersFile.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_models_history_is_what_its_folder_says()
    {
        Assert.Equal(new ModelHistory("dense", null, 0, null), ModelHistory.Of(_scratch.Path));
        File.WriteAllText(_scratch.At("training.json"), "{}");
        Assert.Equal("dense fine-tuned", ModelHistory.Of(_scratch.Path).Kind);
        File.WriteAllText(_scratch.At("interlace.json"), """{"format": "interlace-model/1", "created_by": "x", "stage": "prune", "parent": {"config_sha256": "c", "tensors_sha256": "t", "file_bytes": {}, "weights_sha256": null}, "parent_layers": 4, "kept_layers": [0, 1, 3], "parent_record": null}""");
        Assert.Equal(new ModelHistory("pruned and fine-tuned", 4, 1, null), ModelHistory.Of(_scratch.Path));
        File.WriteAllText(_scratch.At("interlace.json"), "{");
        Assert.Throws<InputException>(() => ModelHistory.Of(_scratch.Path));
    }
}
