using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Evaluation.Likelihoods;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Evaluation.Likelihoods;

public sealed class LikelihoodStageTests : IDisposable
{
    private static readonly string[] Words = ["dog", "house", "sees", "a", "the", "under", "red", "and"];

    private readonly ScratchFolder _scratch = new();
    private readonly Compute _compute = new(CPU, ScalarType.Float32, 1);

    public static TheoryData<string> Models => [TinyCheckpoints.Text, TinyCheckpoints.Tied];

    public void Dispose() => _scratch.Dispose();

    [Theory, MemberData(nameof(Models))]
    public void A_perplexity_is_that_of_plain_passes_over_single_texts(string model)
    {
        string[] texts = [.. Enumerable.Range(1, 9).Select(i => Sentence(i, 7 * i))];
        using var loaded = Open(model);
        var found = Run(loaded, new(Texts: [Write("a.b.jsonl", Texts(texts))], TextTokens: 40)).Texts.Single();
        double loss = 0;
        long tokens = 0;
        foreach (var (i, text) in texts.Index())
        {
            int[] ids = loaded.Processor.Tokenizer.Encode(text);
            double[] each = Plain(loaded, ids.Length > 40 ? ids[..40] : ids);
            Near(each.Sum(), Rows(LikelihoodKind.Texts, "a.b")[i].LogLikelihoods.Single());
            (loss, tokens) = (loss - each.Sum(), tokens + each.Length);
        }
        Assert.Equal(("a.b", texts.Length, tokens), (found.Name, found.Rows, found.Tokens));
        Assert.Contains(40 - 1, Rows(LikelihoodKind.Texts, "a.b").Select(row => row.Tokens.Single()));
        Near(loss / tokens, found.Loss);
        Near(Math.Exp(loss / tokens), found.Perplexity);
        Assert.InRange(found.Perplexity, found.Interval![0], found.Interval[1]);
    }

    [Theory, MemberData(nameof(Models))]
    public void A_choice_is_the_one_whose_tokens_are_likeliest_on_average(string model)
    {
        var rows = Enumerable.Range(1, 6).Select(i => (Context: Sentence(i, 5 + i),
            Choices: (string[])[.. Enumerable.Range(0, 3).Select(choice => Sentence(10 * i + choice, 2 + 3 * choice))],
            Answer: i % 3)).ToArray();
        using var loaded = Open(model);
        var found = Run(loaded, new(Choices: [Write("c.jsonl", Choices(rows))])).Choices.Single();
        var measured = Rows(LikelihoodKind.Choices, "c");
        int right = 0, rightBySum = 0;
        foreach (var ((context, choices, answer), row) in rows.Zip(measured))
        {
            int[] before = loaded.Processor.Tokenizer.Encode(context);
            double[][] each = [.. choices.Select(choice =>
                Plain(loaded, [.. before, .. loaded.Processor.Tokenizer.Encode(" " + choice)])[(before.Length - 1)..])];
            Assert.Equal(each.Select(log => log.Length), row.Tokens);
            foreach (var (expected, sum) in each.Zip(row.LogLikelihoods)) Near(expected.Sum(), sum);
            double[] means = [.. each.Select(log => log.Average())], sums = [.. each.Select(log => log.Sum())];
            right += Array.IndexOf(means, means.Max()) == answer ? 1 : 0;
            rightBySum += Array.IndexOf(sums, sums.Max()) == answer ? 1 : 0;
        }
        Near(100.0 * right / rows.Length, found.Percent);
        Near(100.0 * rightBySum / rows.Length, found.PercentBySum);
        Near(100.0 / 3, found.Chance);
    }

    [Fact]
    public void Of_choices_that_are_equally_likely_the_first_is_taken()
    {
        RowLikelihood row = new(0, [-4, -2, -1], [4, 2, 1], 1);
        Assert.Equal((0, 2), (row.Choice, row.ChoiceBySum));
        Assert.Equal(0, LikelihoodScores.OfChoices([row]).Percent);
        Assert.Equal(100, LikelihoodScores.OfChoices([row with { Answer = 0 }]).Percent);
    }

    [Fact]
    public void An_interrupted_measurement_goes_on_to_the_same_bytes()
    {
        using var loaded = Open(TinyCheckpoints.Text);
        EvaluationOptions options = new(Texts: [Write("t.jsonl", Texts([.. Enumerable.Range(0, 60).Select(i => Sentence(i, 250))]))],
            Choices: [Write("c.jsonl", Choices([("a", ["b", "c"], 0), ("d", ["e", "f"], 1)]))], TextTokens: 200);
        Run(loaded, options, "whole");
        string[] files = [LikelihoodsFile.Name, "texts/t.jsonl", "choices/c.jsonl"];
        foreach (long after in new long[] { 1, 30, 60 })
        {
            using var ending = new CancellationTokenSource();
            var progress = new ImmediateProgress(told =>
            {
                if (told.Done >= after) ending.Cancel();
            });
            string folder = $"broken{after}";
            Assert.ThrowsAny<OperationCanceledException>(() => Run(loaded, options, folder, progress, ending.Token));
            Assert.False(File.Exists(_scratch.At(folder, LikelihoodsFile.Name)));
            string rows = _scratch.At(folder, "texts", "t.jsonl");
            Assert.NotEmpty(File.ReadAllText(rows));
            File.AppendAllText(rows, "{\"row\":");   // cut off within a line
            Run(loaded, options, folder);
            foreach (string file in files)
                Assert.Equal(File.ReadAllBytes(_scratch.At("whole", file)), File.ReadAllBytes(_scratch.At(folder, file)));
            Assert.False(File.Exists(_scratch.At(folder, LikelihoodsFile.StateName)));
        }
    }

    [Fact]
    public void Rows_of_another_model_are_refused_and_those_of_other_settings_discarded()
    {
        EvaluationOptions options = new(Texts: [Write("t.jsonl", Texts([Sentence(1, 30)]))], TextTokens: 20);
        using (var loaded = Open(TinyCheckpoints.Text))
        {
            Run(loaded, options);
            Assert.Equal(9, Run(loaded, options with { TextTokens = 10 }).Texts[0].Tokens);
            File.AppendAllText(_scratch.At("t.jsonl"), "\n" + Texts([Sentence(2, 30)]));
            Assert.Equal(2, Run(loaded, options).Texts[0].Rows);
        }
        using var other = Open(TinyCheckpoints.Tied);
        Assert.Contains("The model has changed", Assert.Throws<InputException>(() => Run(other, options)).Message);
    }

    [Fact]
    public void Each_row_that_cannot_be_measured_is_counted_under_its_reason()
    {
        using var loaded = Open(TinyCheckpoints.Text);
        string texts = Write("t.jsonl", string.Join('\n', Texts([Sentence(1, 5)]), "no JSON", """{"text":null}""", """{"text":""}""",
            """{"text":"a"}""", Texts([Sentence(2, 5)])));
        string choices = Write("c.jsonl", string.Join('\n', """{"context":"a dog","choices":["sees"],"answer":0}""",
            """{"context":"a dog","choices":["sees","house"],"answer":2}""", """{"context":"a dog","choices":["sees",null],"answer":0}""",
            """{"context":"a dog","choices":["sees","house"]}""", """{"choices":["sees","house"],"answer":0}""",
            """{"context":"a dog","choices":["sees","house"],"answer":1}"""));
        var found = Run(loaded, new(Texts: [texts], Choices: [choices]));
        Assert.Equal(("2 malformed row, 1 not encodable, 1 nothing to predict", 2),
            (new SkipCounts(found.Texts[0].Skipped).ToString(), found.Texts[0].Rows));
        Assert.Equal(("5 malformed row", 1), (new SkipCounts(found.Choices[0].Skipped).ToString(), found.Choices[0].Rows));
        Assert.Equal(["t: 4 of 6 rows left out: 2 malformed row, 1 not encodable, 1 nothing to predict.",
            "c: 5 of 6 rows left out: 5 malformed row."], found.Remarks);
        Assert.Equal(1, Run(loaded, new(Texts: [texts], Limit: 3), "limited").Texts[0].Rows);
        Assert.Contains("No row of", Assert.Throws<InputException>(() =>
            Run(loaded, new(Texts: [Write("one.jsonl", """{"text":"a"}""")]), "none")).Message);
    }

    [Theory]
    [InlineData("", "holds no rows")]
    [InlineData("""{"text":7}""", "in line 1, has a number or an object in the place of a text")]
    [InlineData("""{"words":"a"}""", "in line 1, has no 'text'")]
    public void A_file_without_texts_is_refused(string content, string expected) => Assert.Contains(expected,
        Assert.Throws<InputException>(() => LikelihoodStage.Open(new(Texts: [Write("t.jsonl", content)]))).Message);

    [Theory]
    [InlineData("""{"context":"a"}""", "has no list 'choices' of 2 to")]
    [InlineData("""{"context":"a","choices":["b","c"],"answer":"b"}""", "has no 'answer' from 0 to 1")]
    [InlineData("""{"choices":["b","c"],"answer":0}""", "has no 'context'")]
    [InlineData("[", "cut off")]
    public void A_file_without_choices_is_refused(string content, string expected) => Assert.Contains(expected,
        Assert.Throws<InputException>(() => LikelihoodStage.Open(new(Choices: [Write("c.jsonl", content)]))).Message);

    [Fact]
    public void Two_files_of_one_name_are_refused_by_their_paths()
    {
        string one = Write("t.jsonl", Texts(["a b"])), other = Write("t.json", Texts(["a b"]));
        string message = Assert.Throws<InputException>(() => LikelihoodStage.Open(new(Texts: [one, other]))).Message;
        Assert.Contains(one, message);
        Assert.Contains(other, message);
        Assert.Equal(2, LikelihoodStage.Open(new(Texts: [one], Choices: [Write("c/t.jsonl", Choices([("a", ["b", "c"], 0)]))])).Count);
    }

    /// <summary>log p of every token but the first, from all logits of a pass over these tokens alone.</summary>
    private static double[] Plain(LoadedModel loaded, int[] ids)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack([loaded.Processor.OfText(ids)], CPU);
        Tensor logs = nn.functional.log_softmax(loaded.Model.Logits(loaded.Model.Hidden(batch)).to(ScalarType.Float64), 1);
        return [.. Enumerable.Range(1, ids.Length - 1).Select(t => logs[t - 1, ids[t]].item<double>())];
    }

    private static LoadedModel Open(string model) => LoadedModel.Open(model, CPU, ScalarType.Float32);

    private LikelihoodsFile Run(LoadedModel loaded, EvaluationOptions options, string folder = "out",
        IProgress<StageProgress>? progress = null, CancellationToken cancellation = default) =>
        new LikelihoodStage(loaded, new Job(new Experiment(Evaluate: options), _compute, null, progress, cancellation), _scratch.At(folder))
            .Run(LikelihoodStage.Open(options));

    private IReadOnlyList<RowLikelihood> Rows(LikelihoodKind kind, string name) =>
        RowLikelihood.Read(LikelihoodsFolder.Rows(_scratch.At("out"), kind, name));

    private static void Near(double expected, double found) =>
        Assert.True(Math.Abs(expected - found) <= 1e-5 * Math.Max(1, Math.Abs(expected)), $"{found}, expected {expected}");

    private static string Sentence(int seed, int words) =>
        string.Join(' ', Enumerable.Range(0, words).Select(i => Words[(seed * 31 + i * i * (seed + 3)) % Words.Length]));

    private static string Texts(string[] texts) =>
        string.Join('\n', texts.Select(text => new JsonObject { ["text"] = text }.ToJsonString()));

    private static string Choices((string Context, string[] Choices, int Answer)[] rows) =>
        string.Join('\n', rows.Select(row => new JsonObject
        {
            ["context"] = row.Context, ["choices"] = new JsonArray([.. row.Choices.Select(choice => JsonValue.Create(choice))]),
            ["answer"] = row.Answer,
        }.ToJsonString()));

    private string Write(string name, string text)
    {
        File.WriteAllText(_scratch.At(name.Split('/')), text);
        return _scratch.At(name.Split('/'));
    }
}
