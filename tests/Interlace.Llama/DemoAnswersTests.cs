using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Tests;
using Interlace.Tests.Cli;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Llama;

/// <summary>
/// Questions of the demo's benchmarks, asked in llama.cpp from the tables' own pictures: the exported model gives Interlace's answers.
/// </summary>
public sealed class DemoAnswersTests(DemoModels models) : IClassFixture<DemoModels>
{
    private const int MostTokens = 10;   // as the demo's experiment has it
    private const double Tie = 0.02;   // logits of prompts with images differ by so much
    private const string RunVariable = "INTERLACE_DEMO_RUN";

    public static TheoryData<string, string> OfRun => new() { { "dense", "" }, { "dropped", "pruned" }, { "recovered", "tuned" } };

    [Theory]
    [InlineData("dense")]
    [InlineData("dropped")]
    [InlineData("tuned")]
    public void The_first_questions_of_every_table_have_our_answers(string name)
    {
        string model = models.PathOf(name), run = models.At("run", name);
        var evaluation = CommandRun.Of("evaluate", model, "--benchmarks", DemoModels.Tables, "--out", run, "--limit", "12",
            "--set", $"evaluate.max_new_tokens={MostTokens}", "--dtype", "fp32", "--quiet");
        Assert.True(evaluation.Code == 0, evaluation.Error);
        int asked = Compare(model, run);
        Assert.Equal(12 * Benchmarks.In(DemoModels.Tables).Count, asked);
    }

    /// <summary>
    /// A minute or two: <c>interlace demo --out out/demo</c>, then
    /// <c>INTERLACE_DEMO_RUN=$PWD/out/demo dotnet test -c Release --project tests/Interlace.Llama
    /// --filter-class '*DemoAnswersTests*' --explicit only</c>.
    /// </summary>
    [Theory(Explicit = true), MemberData(nameof(OfRun))]
    public void All_questions_have_the_answers_of_a_run_of_the_demo(string evaluated, string folder)
    {
        string? run = Environment.GetEnvironmentVariable(RunVariable);
        Assert.SkipWhen(string.IsNullOrEmpty(run), $"{RunVariable} names no folder that `interlace demo` made");
        int asked = Compare(folder.Length == 0 ? DemoModels.Dense : Path.Combine(run!, folder), Path.Combine(run!, "evaluated", evaluated));
        Assert.Equal(Benchmarks.In(DemoModels.Tables).Sum(Rows), asked);
    }

    private static int Rows(FoundBenchmark found)
    {
        using var table = BenchmarkTable.Open(found.Path);
        return table.Rows.Count;
    }

    /// <summary>
    /// Asks every question that has an answer, and compares texts and numbers of tokens. Where two tokens are equally likely, but for what
    /// rounding makes of them, either may be taken: the demo's own questions hardly ever come to such a tie.
    /// </summary>
    private int Compare(string folder, string evaluation)
    {
        using var loaded = LoadedModel.Open(folder, CPU, ScalarType.Float32);
        using var model = ExportedModel.Open(folder, models.Scratch);
        var (differing, ties) = (new List<string>(), new List<string>());
        int asked = 0;
        foreach (var found in Benchmarks.In(DemoModels.Tables))
        {
            using var table = BenchmarkTable.Open(found.Path);
            var answers = EvaluationFolder.ReadAnswers(evaluation, found.Benchmark.Name);
            foreach (var row in table.Rows.Where(row => answers.ContainsKey(row.Index)))
            {
                Answer expected = answers[row.Index];
                var pictures = UsableRows.Images(table, row, readsImages: true);
                ChatMessage[] messages = [Prompts.Message(found.Benchmark, row, pictures.Count)];
                string text = loaded.Processor.Render(messages, true).Text;
                var prompt = model.Prompt(LlamaModel.Marked(text), pictures);
                int[] ids = model.Greedy(prompt, MostTokens, loaded.StopIds.ToHashSet());
                bool stopped = loaded.StopIds.Contains(ids[^1]);
                string own = loaded.Processor.TextOf(stopped ? ids.AsSpan(..^1) : ids);
                if (own != expected.Prediction || ids.Length != expected.Tokens)
                {
                    double margin = MarginWhereTheyPart(loaded, messages, pictures, ids);
                    string what = $"{found.Benchmark.Name} {row.Index}: {expected.Prediction} and {own} ({margin:g2})";
                    (margin < Tie ? ties : differing).Add(what);
                }
                Assert.Equal(expected.PromptTokens, prompt.Sum(part => part.Count));
                asked++;
            }
        }
        Assert.True(differing.Count == 0, $"{differing.Count} of {asked}: {string.Join("; ", differing.Take(10))}");
        Assert.True(ties.Count <= asked / 50, $"{ties.Count} of {asked} answers part at ties: {string.Join("; ", ties)}");
        TestContext.Current.SendDiagnosticMessage($"{folder}: {asked - ties.Count} of {asked} answers equal; {string.Join("; ", ties)}");
        return asked;
    }

    /// <summary>By how much our model prefers its own token to the other runtime's where that first takes another one.</summary>
    private static double MarginWhereTheyPart(LoadedModel loaded, ChatMessage[] messages, IReadOnlyList<byte[]> pictures, int[] ids)
    {
        using var _ = no_grad();
        RgbImage[] images = [.. pictures.Select(picture => ImageDecoder.Decode(picture, "a table", ImageDecoding.Plain))];
        var sample = loaded.Processor.Encode(messages, images, addGenerationPrompt: true);
        foreach (int id in ids)
        {
            using var scope = NewDisposeScope();
            using var batch = Batch.Pack([sample], CPU);
            float[] logits = [.. loaded.Model.Logits(loaded.Model.Hidden(batch))[-1].contiguous().data<float>()];
            if (logits.Max() > logits[id]) return logits.Max() - logits[id];
            sample = sample with
            {
                Ids = [.. sample.Ids, id], Kinds = [.. sample.Kinds, TokenKind.Answer],
                Positions = [.. sample.Positions.Select(axis => (int[])[.. axis, sample.NextPosition])],
                NextPosition = sample.NextPosition + 1,
            };
        }
        return double.PositiveInfinity;   // the tokens are ours, and the answer is not what they say
    }
}
