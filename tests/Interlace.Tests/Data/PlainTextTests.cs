using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Data;

/// <summary>Rows of plain text, from the file to what is made of them.</summary>
public sealed class PlainTextTests : IDisposable
{
    private static readonly string[] Texts = ["The first text.\n\nIt has two paragraphs.", "Another one, which is shorter.",
        "A third: 1, 2, 3.", "Words and words and words again, so that it grows longer than all the others are."];

    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Models => [TinyCheckpoints.Text, TinyCheckpoints.Tied];

    public void Dispose() => _scratch.Dispose();

    [Theory, MemberData(nameof(Models))]
    public void A_text_is_shown_as_it_stands_and_all_its_tokens_but_the_first_are_predicted(string model)
    {
        using var loaded = LoadedModel.Open(model, CPU, ScalarType.Float32);
        string path = Write("texts.jsonl", Rows(Texts));
        var samples = Load(new DataOptions(path, Rate: 1), loaded.Processor);
        Assert.Equal(Texts.Length, samples.Length);
        foreach (var sample in samples)
        {
            Assert.Equal(loaded.Processor.Tokenizer.Encode(Texts[sample.Row]), sample.Encoded.Ids);
            Assert.All(sample.Encoded.Kinds, kind => Assert.Equal(TokenKind.Prompt, kind));
            Assert.Equal(sample.Encoded.Length - 1, Batch.CountTargets(sample.Encoded));
            Assert.Equal(Enumerable.Range(0, sample.Encoded.Length), sample.Encoded.Positions[0]);
        }
        var cut = Load(new DataOptions(path, Rate: 1, TextTokens: 5), loaded.Processor);
        Assert.Equal(samples.Select(sample => sample.Encoded.Ids[..5]), cut.Select(sample => sample.Encoded.Ids));
        // a conversation is left out where a text is cut
        var bounded = Load(new DataOptions(path, Rate: 1, MaxTokens: 5), loaded.Processor);
        Assert.Equal(cut.Select(sample => sample.Encoded.Ids), bounded.Select(sample => sample.Encoded.Ids));
    }

    [Fact]
    public void What_stands_for_an_image_is_taken_out_where_the_model_reads_images()
    {
        using var loaded = LoadedModel.Open(TinyCheckpoints.Tied, CPU, ScalarType.Float32);
        Assert.Equal(loaded.Processor.Tokenizer.Encode("Look: there."), loaded.Processor.EncodeText("Look:<|image_pad|> there.").Ids);
        Assert.Contains("empty", Assert.Throws<InputException>(() => loaded.Processor.EncodeText("<|image_pad|>")).Message);
        Assert.Contains("<|image_pad|>", Assert.Throws<InputException>(() =>
            loaded.Processor.EncodeText("<|image<|image_pad|>_pad|>")).Message);
    }

    [Fact]
    public void A_packed_file_gives_the_rows_of_the_file_in_it()
    {
        string rows = Rows([.. Enumerable.Range(0, 300).Select(i => $"Text {i}. {new string('x', i % 7 * 500)}")]);
        var plain = DataSource.Open(Write("texts.jsonl", rows));
        var packed = DataSource.Open(Pack("packed.jsonl.gz", rows));
        Assert.Equal((300, "packed.jsonl.gz"), (packed.Rows, packed.Sets[0].Name));
        long[] wanted = [0, 1, 63, 64, 200, 299];
        IEnumerable<(long, string?)> Read(DataSource data) => data.Read(wanted.Select(row => new RowReference(0, 0, row, 0)), [])
            .Select(sample => (sample.Row, sample.Turns[0].Text));
        Assert.Equal(Read(plain), Read(packed));
        Assert.Equal(plain.Sets[0].Shards[0].Sha256, packed.Sets[0].Shards[0].Sha256);
        File.Copy(_scratch.At("texts.jsonl"), _scratch.At("texts.jsonl.gz"));
        Assert.Contains("no whole gzip file", Assert.Throws<InputException>(() => DataSource.Open(_scratch.At("texts.jsonl.gz"))).Message);
        byte[] whole = File.ReadAllBytes(_scratch.At("packed.jsonl.gz"));
        foreach (int left in new[] { 3, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(_scratch.At("texts.jsonl.gz"), whole[..left]);
            string message = Assert.Throws<InputException>(() => DataSource.Open(_scratch.At("texts.jsonl.gz"))).Message;
            Assert.Contains("no whole gzip file", message);
        }
        Assert.Equal(["packed.jsonl.gz", "texts.jsonl"], InFolder());

        IEnumerable<string> InFolder()
        {
            File.Delete(_scratch.At("texts.jsonl.gz"));
            return DataSource.Open(_scratch.Path).Sets.Select(set => set.Name);
        }
    }

    [Fact]
    public void Texts_are_left_out_where_answers_are_trained()
    {
        string path = Write("mixed.jsonl", Rows(Texts) + "\n" + Chat + "\n" + """{"text":null}""" + "\n" + """{"text":7}""");
        var data = DrawnData.Open(new DataOptions(path, Rate: 1), 0);
        Assert.False(data.HoldsOnlyTexts());
        SkipCounts skipped = [];
        Assert.Single(data.Read(data.Draw.Rows, skipped, data.Filter with { TakesTexts = false }));
        Assert.Equal($"1 malformed row, {Texts.Length + 1} plain text while answers are trained", skipped.ToString());
        skipped = [];
        Assert.Equal(Texts.Length + 1, data.Read(data.Draw.Rows, skipped, data.Filter).Count());
        Assert.Equal("1 malformed row, 1 null text", skipped.ToString());
        Assert.True(DrawnData.Open(new DataOptions(Write("texts.jsonl", Rows(Texts)), Rate: 1), 0).HoldsOnlyTexts());
    }

    [Fact]
    public void A_text_lies_in_the_store_as_a_text()
    {
        Sample text = new("set", "file", 3, [new(Turn.Plain, "a text")], [], ImagePlaces.None);
        using var store = SampleStore.OpenOrWrite(_scratch.At("samples.bin"), "key", 0, _ => [text]);
        Assert.True(store[0].IsText);
        Assert.Equal(text.Turns, store[0].Turns);
    }

    [Theory, MemberData(nameof(Models))]
    public void A_model_is_calibrated_pruned_and_tuned_on_texts(string model)
    {
        string data = Pack("texts.jsonl.gz", Rows(Texts)), run = _scratch.At("run");
        string[] settings = ["--data", data, "--rate", "1", "--device", "cpu", "--dtype", "fp32", "--set", "data.text_tokens=12"];
        Run(["calibrate", model, "--out", run, .. settings, "--set", "calibrate.fraction=1", "--evidence", "perplexity"]);
        var similarity = LayerSimilarity.Load(Path.Combine(run, LayerSimilarity.Name));
        Assert.Equal((Texts.Length, 12), (similarity.Samples, similarity.Settings.Preparation!.TextTokens));
        using (var loaded = LoadedModel.Open(model, CPU, ScalarType.Float32))
        {
            int[] lengths = [.. Texts.Select(text => Math.Min(12, loaded.Processor.Tokenizer.Encode(text).Length))];
            Assert.Equal(lengths.Sum(), similarity.Tokens["prompt"]);
            var losses = BlockScores.Load(EvidenceFiles.PathOf(run, "perplexity"), "perplexity");
            Assert.Equal(lengths.Sum(length => length - 1), losses.AnswerTokens);
        }
        Run("plan", run, "--ratio", "0.25");
        Run("prune", model, "--plan", Path.Combine(run, PlanFile.Name), "--out", _scratch.At("pruned"));

        string[] tune = ["finetune", _scratch.At("pruned"), .. settings, "--out", _scratch.At("tuned"), "--max-steps", "2"];
        string refused = CommandRun.Of(tune).Refusal();
        Assert.Contains("finetune.train_on=answers finds nothing to learn from", refused);
        Assert.False(Path.Exists(_scratch.At("tuned")));
        Run([.. tune, "--set", "finetune.train_on=text", "--set", "finetune.samples_per_step=2"]);
        var record = TrainingRecord.Load(_scratch.At("tuned", TrainingRecord.Name));
        Assert.Equal((2, true), (record.Steps, double.IsFinite(record.LastLoss)));
    }

    [Fact]
    public void What_is_measured_is_measured_on_the_data_named_for_it()
    {
        string model = TinyCheckpoints.Text,
            tuning = Write("tuning.jsonl", Rows(Texts[..1])), measured = Write("measured.jsonl", Rows(Texts[1..]));
        string[] From(string data) =>
            ["--data", data, "--rate", "1", "--device", "cpu", "--dtype", "fp32", "--set", "calibrate.fraction=1"];
        string[] both = [.. From(tuning), "--set", $"calibrate.data={measured}"];
        string[] evidence = ["--evidence", "perplexity"];
        Run(["calibrate", model, "--out", _scratch.At("of both"), .. both, .. evidence]);
        Run(["calibrate", model, "--out", _scratch.At("of one"), .. From(measured), .. evidence]);
        foreach (string name in new[] { LayerSimilarity.Name, LayerSimilarity.SamplesName, "evidence/perplexity.json" })
            Assert.Equal(File.ReadAllBytes(_scratch.At("of one", name)), File.ReadAllBytes(_scratch.At("of both", name)));
        string refused = CommandRun.Of(["calibrate", model, "--out", measured, .. both]).Refusal();
        Assert.Contains("measured.jsonl", refused);

        Run("plan", _scratch.At("of one"), "--ratio", "0.25");
        string[] prune = ["prune", model, "--plan", _scratch.At("of one", PlanFile.Name), "--bridge", "--out"];
        Run([.. prune, _scratch.At("bridged of both"), .. both]);
        Run([.. prune, _scratch.At("bridged of one"), .. From(measured)]);
        Assert.Equal(File.ReadAllBytes(_scratch.At("bridged of one", "model.safetensors")),
            File.ReadAllBytes(_scratch.At("bridged of both", "model.safetensors")));
        Run(["sparsify", model, "--out", _scratch.At("sparse of both"), .. both]);
        Run(["sparsify", model, "--out", _scratch.At("sparse of one"), .. From(measured)]);
        Assert.Equal(File.ReadAllBytes(_scratch.At("sparse of one", "model.safetensors")),
            File.ReadAllBytes(_scratch.At("sparse of both", "model.safetensors")));
    }

    [Fact]
    public void A_run_over_texts_that_would_train_answers_is_refused_before_it_begins()
    {
        string data = Write("texts.jsonl", Rows(Texts));
        JsonObject experiment = new()
        {
            ["model"] = TinyCheckpoints.Text, ["data"] = new JsonObject { ["path"] = data, ["rate"] = 1 },
        };
        File.WriteAllText(_scratch.At("x.json"), experiment.ToJsonString());
        Assert.Contains("set finetune.train_on=text", CommandRun.Of("run", _scratch.At("x.json"), "--out", _scratch.At("run")).Refusal());
        experiment["variants"] = new JsonArray(new JsonObject { ["method"] = "short-gpt", ["tune"] = false }, new JsonObject());
        File.WriteAllText(_scratch.At("x.json"), experiment.ToJsonString());
        Assert.Contains("set finetune.train_on=text", CommandRun.Of("run", _scratch.At("x.json"), "--out", _scratch.At("run")).Refusal());
        Assert.False(Path.Exists(_scratch.At("run", LayerSimilarity.Name)));
    }

    private const string Chat = """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""";

    private static LoadedSample[] Load(DataOptions options, Processor processor)
    {
        var data = DrawnData.Open(options, 0);
        return [.. data.Load(data.Read(data.Draw.Rows, [], data.FilterFor(processor)), processor, [], 0, default)];
    }

    private static void Run(params string[] arguments)
    {
        var run = CommandRun.Of(arguments);
        Assert.True(run.Code == 0, run.Error);
    }

    private static string Rows(string[] texts) =>
        string.Join('\n', texts.Select(text => new JsonObject { ["text"] = text, ["from"] = "here" }.ToJsonString()));

    private string Write(string name, string text)
    {
        File.WriteAllText(_scratch.At(name), text);
        return _scratch.At(name);
    }

    private string Pack(string name, string text)
    {
        using var file = File.Create(_scratch.At(name));
        using var packing = new GZipStream(file, CompressionLevel.Fastest);
        packing.Write(Encoding.UTF8.GetBytes(text));
        return _scratch.At(name);
    }
}
