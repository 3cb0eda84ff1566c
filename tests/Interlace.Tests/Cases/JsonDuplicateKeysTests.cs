using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>
/// Every JSON file that the program reads, with its first key twice, or with half a surrogate pair:
/// exit code 2 and one sentence that names the file.
/// </summary>
public sealed class JsonDuplicateKeysTests : IDisposable
{
    private static readonly string Demo = Path.Combine(Shared.Repository, "assets", "demo");

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("preprocessor_config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    public void A_file_of_a_model_is_refused(string file)
    {
        string model = _scratch.Copy(Path.Combine(Demo, "model"), "model"), path = Path.Combine(model, file);
        string text = File.Exists(path) ? File.ReadAllText(path) : """{"add_bos_token": false}""";
        if (file == "tokenizer_config.json") File.Delete(Path.Combine(model, "chat_template.json"));   // which is looked at first
        foreach (string damage in new[] { Twice(text), HalfAPair(text) })
        {
            File.WriteAllText(path, damage);
            Assert.Contains(file, CommandRun.Of("generate", model, "hi", "--dtype", "fp32").Refusal());
        }
    }

    [Fact]
    public void Messages_are_refused()
    {
        foreach (string text in new[] { """{"messages":[],"messages":[{"role":"user","content":"x"}]}""", """[{"role":"user","content":"\ud800"}]""", """[{"role":"\udc00","content":"x"}]""", """[{"role":"user","content":[{"type":"\ud83d"}]}]""", "7", "null" })
        {
            File.WriteAllText(_scratch.At("messages.json"), text);
            Assert.Contains("messages.json",
                CommandRun.Of("trace", Path.Combine(Demo, "model"), "--input", _scratch.At("messages.json"), "--out",
                _scratch.At("t.safetensors")).Refusal());
        }
    }

    [Fact]
    public void The_index_of_a_sharded_model_is_refused()
    {
        string model = _scratch.Copy(TinyCheckpoints.Untied, "model"), index = Path.Combine(model, "model.safetensors.index.json"),
            text = File.ReadAllText(index);
        foreach (string damage in new[] { Twice(text),
            text.Replace("\"model-00001-of", "\"\\ud800model-00001-of", StringComparison.Ordinal) })
        {
            File.WriteAllText(index, damage);
            Assert.Contains("model.safetensors.index.json", CommandRun.Of("inspect", model).Refusal());
        }
    }

    [Theory]
    [InlineData("plan.json", "interlace-plan/1")]
    [InlineData("similarity.json", "interlace-similarity/1")]
    [InlineData("scores.json", "interlace-scores/1")]
    [InlineData("latency.json", "interlace-latency/1")]
    [InlineData("stability.json", "interlace-stability/1")]
    [InlineData("sparsity.json", "interlace-sparsity/1")]
    public void An_artefact_is_refused(string file, string format)
    {
        foreach (string damage in new[] { Twice($$"""{"format": "{{format}}"}"""), HalfAPair($$"""{"format": "{{format}}"}""") })
        {
            File.WriteAllText(_scratch.At(file), damage);
            Assert.Contains(file, CommandRun.Of("inspect", _scratch.At(file)).Refusal());
        }
    }

    [Theory]
    [InlineData("run.json")]
    [InlineData("similarity.json")]
    [InlineData("timings.json")]
    public void A_file_of_a_run_is_refused(string file)
    {
        string run = _scratch.At("run");
        Directory.CreateDirectory(Path.Combine(run, "evaluated"));
        foreach (string damage in new[] { """{"format": "x", "format": "x"}""", """{"format": "\ud800"}""" })
        {
            File.WriteAllText(Path.Combine(run, file), damage);
            Assert.Contains(file, CommandRun.Of("report", run, "--out", _scratch.At("report")).Refusal());
            Assert.False(Path.Exists(_scratch.At("report")));
        }
        if (file == "run.json") Assert.Contains(file, CommandRun.Of("run", Path.Combine(Demo, "experiment.json"), "--out", run).Refusal());
        if (file == "run.json") Assert.Contains(file, CommandRun.Of("inspect", run).Refusal());
    }

    [Fact]
    public void Rows_of_benchmarks_and_an_experiment_are_refused()
    {
        string tables = _scratch.At("tables", "benchmarks.json");
        File.WriteAllText(tables, """{"benchmarks": [{"name": "A", "name": "A", "file": "A.tsv", "kind": "vqa"}]}""");
        Assert.Contains("'benchmarks.name'",
            CommandRun.Of("evaluate", Path.Combine(Demo, "model"), "--benchmarks", _scratch.At("tables"), "--out", _scratch.At("out"))
            .Refusal());
        File.WriteAllText(_scratch.At("experiment.json"), """{"seed": 1, "seed": 2}""");
        Assert.Contains("'seed'", CommandRun.Of("run", _scratch.At("experiment.json"), "--out", _scratch.At("out")).Refusal());
    }

    private static string Twice(string text) => "{\"x\": 1, \"x\": 1," + text[(text.IndexOf('{', StringComparison.Ordinal) + 1)..];

    private static string HalfAPair(string text) => "{\"x\": \"\\ud800\"," + text[(text.IndexOf('{', StringComparison.Ordinal) + 1)..];
}
