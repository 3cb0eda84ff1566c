using System.IO.Compression;
using Interlace.Evaluation.Python;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Scoring;

public class RecordedPredictionsTests
{
    [Fact]
    public void A_line_carries_its_question()
    {
        using TemporaryFile file = new("""
            {"index": 7, "prediction": "B", "options": {"A": 1, "B": 2.0, "C": null}, "answer": "B", "flag": true}

            {"index": "x", "prediction": "", "answers": ["it's", "a\n\\\"b\""], "judge": "fine", "score": 1.5e3}
            """, "lines.jsonl");
        IReadOnlyList<Prediction> predictions = RecordedPredictions.Read(file.Path);
        Assert.Equal([new Option('A', "1"), new Option('B', "2.0")], predictions[0].Row.Options);
        Assert.Equal(("7", "True", null), (predictions[0].Row.Index, predictions[0].Row["flag"], predictions[0].JudgeReply));
        Assert.Equal(["it's", "a\n\\\"b\""], PythonLiteral.ParseList(predictions[1].Row.Answer!));
        Assert.Equal(("", "fine", "1500.0"), (predictions[1].Text, predictions[1].JudgeReply, predictions[1].Row["score"]));
    }

    [Fact]
    public void A_line_refers_to_a_table_and_the_file_may_be_compressed()
    {
        using TemporaryFile tsv = new("index\tquestion\tanswer\n007\tq\tYes\n8\tq\tNo\n");
        using BenchmarkTable table = BenchmarkTable.Open(tsv.Path);
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionMode.Compress)) gzip.Write("{\"index\":7,\"prediction\":\"yes\"}\n"u8);
        using TemporaryFile file = new(packed.ToArray(), "lines.jsonl.gz");
        Prediction prediction = Assert.Single(RecordedPredictions.Read(file.Path, table));
        Assert.Equal(("7", "Yes"), (prediction.Row.Index, prediction.Row.Answer));
    }

    [Theory]
    [InlineData("""{"index": 1}""", "needs index and prediction"), InlineData("""{"index": 1, "prediction": 2}""", "needs"), InlineData("[]", "needs"), InlineData("{", "Line 1 of lines.jsonl is no JSON"),
     InlineData("{\"index\": 1, \"prediction\": \"a\"}\n{\"index\": 1, \"prediction\": \"b\"}", "Line 2 of lines.jsonl answers row 1 a second time"), InlineData("""{"index": 9, "prediction": "a"}""", "row 9")]
    public void A_wrong_line_is_refused_with_its_place(string lines, string reason)
    {
        using TemporaryFile tsv = new("index\tquestion\n1\tq\n"), file = new(lines, "lines.jsonl");
        using BenchmarkTable table = BenchmarkTable.Open(tsv.Path);
        Assert.Contains(reason, Assert.Throws<InputException>(() => RecordedPredictions.Read(file.Path, table)).Message);
    }

    [Fact]
    public void A_missing_or_uncompressed_file_is_refused()
    {
        using TemporaryFile file = new("{}", "lines.jsonl.gz");
        Assert.Contains("gzip", Assert.Throws<InputException>(() => RecordedPredictions.Read(file.Path)).Message);
        Assert.Throws<InputException>(() => RecordedPredictions.Read(file.Path + "x"));
    }
}
