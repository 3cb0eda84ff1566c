using System.Text.Json.Nodes;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Judges;
using Interlace.Evaluation.Tables;
using Interlace.Vlm.Text;
using SkiaSharp;

namespace Interlace.Tests.Evaluation.Asking;

public class PromptsTests
{
    public static TheoryData<string> Tables => Cases.Ids("tsv_prompt");
    public static TheoryData<string> JudgeCases => Cases.Ids("mcq_judge_prompt", "yorn_judge_prompt", "mia_judge_prompt");

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Tables)), Trait("Category", "Golden")]
    public void A_table_gives_the_published_messages(string id)
    {
        JsonObject c = Cases.Case(id);
        Benchmark benchmark = Benchmarks.Find(c.Text("benchmark")!)!;
        using TemporaryFile file = new(c.Text("tsv")!);
        using BenchmarkTable table = BenchmarkTable.Open(file.Path);
        JsonObject[] expected = [.. c["expected"]!.AsArray().Cast<JsonObject>()];
        Assert.Equal(expected.Select(row => row["index"]!.ToString()), table.Rows.Select(row => row.Index));
        foreach ((JsonObject wanted, BenchmarkRow row) in expected.Zip(table.Rows))
        {
            IReadOnlyList<byte[]> images = table.Images(row);
            Assert.Equal(wanted["images"]!.AsArray().Select(image => (string)image!), images.Select(Colour));
            ChatMessage message = Prompts.Message(benchmark, row, images.Count);
            Assert.Equal("user", message.Role);
            Assert.Equal(wanted["order"]!.AsArray().Select(part => (string)part!), message.Content.Select(part => part is ImagePart ? "image" : "text"));
            Assert.Equal(wanted["text"]!.AsArray().Select(text => (string)text!), message.Content.OfType<TextPart>().Select(part => part.Text));
            Assert.Equal((string)wanted["text_custom"]!.AsArray().Single()!, Prompts.Text(benchmark, row, PromptStyle.Custom));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(JudgeCases)), Trait("Category", "Golden")]
    public void A_judge_is_asked_the_published_text(string id)
    {
        JsonObject c = Cases.Case(id);
        BenchmarkRow row = Cases.Row(c);
        string prediction = c.Text("prediction")!;
        Assert.Equal(c.Text("expected"), c.Text("type") switch
        {
            "mcq_judge_prompt" => JudgePrompts.MultipleChoice(row.Question, row.Options, prediction),
            "yorn_judge_prompt" => JudgePrompts.YesNo(row.Question, prediction),
            _ => JudgePrompts.Instruction(row, prediction),
        });
    }

    [Fact]
    public void An_instruction_benchmark_is_asked_for_a_short_phrase_by_the_prompts_of_the_model_class_alone()
    {
        BenchmarkRow row = new([new("question", "Write a poem.")]);
        Assert.Equal("Write a poem.", Prompts.Text(Benchmarks.Find("MIABench")!, row));
        Assert.Equal("Write a poem.\nPlease answer concisely with short words or phrases when possible.",
            Prompts.Text(Benchmarks.Find("MIABench")!, row, PromptStyle.Custom));
    }

    [Fact]
    public void Benchmarks_of_documents_ask_for_a_single_word_or_phrase() =>
        Assert.Equal("Who?\nAnswer the question using a single word or phrase.", Prompts.Text(Benchmarks.Find("DocVQA_VAL")!, new([new("question", "Who?")])));

    private static string Colour(byte[] image)
    {
        using SKBitmap bitmap = SKBitmap.Decode(image);
        SKColor pixel = bitmap.GetPixel(4, 4);
        return (pixel.Red > 127, pixel.Green > 127, pixel.Blue > 127) switch
        {
            (true, false, false) => "red",
            (false, true, false) => "green",
            (false, false, true) => "blue",
            _ => pixel.ToString(),
        };
    }
}
