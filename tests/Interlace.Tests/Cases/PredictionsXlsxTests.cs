using System.IO.Compression;
using System.Text;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>Predictions come in the forms in which other programs save them.</summary>
public sealed class PredictionsXlsxTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string, string> Forms => new()
    {
        { "a.csv", "index,question,answer,prediction\r\n0,q,Yes,Yes\r\n1,\"a, \"\"b\"\"\nc\",No,\"No, not\tat all\"\r\n" },
        { "a.tsv", "index\tquestion\tanswer\tprediction\n0\tq\tYes\tYes\n1\ta, b\tNo\t\"No\tnot at all\"\n" },
        { "a.CSV", "\ufeffindex,answer,prediction\n0,Yes,Yes\n1,No,No\n" },
        { "a.json", """[{"index": 0, "answer": "Yes", "prediction": "Yes"}, {"index": 1, "answer": "No", "prediction": "No."}]""" },
        { "b.json", "\n  [\n{\"index\": \"x\", \"answer\": \"Yes\", \"prediction\": \"Yes\"}, {\"index\": \"y\", \"answer\": \"No\", \"prediction\": \"No.\"}]\n" },
        { "c.json", "{\"index\": 0, \"answer\": \"Yes\", \"prediction\": \"Yes\"}\n{\"index\": 1, \"answer\": \"No\", \"prediction\": \"No\"}\n" },
        { "d.json", "\ufeff[{\"index\": 0, \"answer\": \"Yes\", \"prediction\": \"Yes\"}]" },
    };

    public void Dispose() => _scratch.Dispose();

    [Theory, MemberData(nameof(Forms))]
    public void Every_form_of_a_table_is_read_packed_too(string name, string content)
    {
        File.WriteAllText(_scratch.At(name), content);
        using (var gzip = new GZipStream(File.Create(_scratch.At(name + ".gz")), CompressionMode.Compress))
            gzip.Write(Encoding.UTF8.GetBytes(content));
        foreach (string file in new[] { name, name + ".gz" })
        {
            var run = CommandRun.Of("score", _scratch.At(file), "--kind", "yes-no", "--json");
            Assert.Equal((0, ""), (run.Code, run.Error));
            Assert.Equal(100, (double)run.Json()["average"]!);
        }
    }

    [Theory]
    [InlineData("Mine_pred.csv"), InlineData("Mine_pred.tsv"), InlineData("Mine_pred.json")]
    public void The_files_of_the_case_are_all_right(string file) =>
        Assert.Equal(100, (double)CommandRun.Of("score", Shared.Require("cases", "predictions-xlsx", file), "--kind", "yes-no", "--json")
            .Json()["average"]!);

    [Fact]
    public void An_Excel_file_is_called_one_whatever_its_name()
    {
        File.WriteAllBytes(_scratch.At("a.xlsx"), [(byte)'P', (byte)'K', 3, 4, 0, 0]);
        File.WriteAllBytes(_scratch.At("a.tsv"), [(byte)'P', (byte)'K', 3, 4, 0, 0]);
        File.WriteAllBytes(_scratch.At("a.xls"), [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1]);
        foreach (string file in new[] { "a.xlsx", "a.tsv", "a.xls" })
            Assert.Contains("is an Excel file: save it as .tsv or .csv", CommandRun.Of("score", _scratch.At(file), "--kind", "yes-no")
                .Refusal(), StringComparison.Ordinal);
        Assert.Contains("PRED_FORMAT=tsv",
            CommandRun.Of("score", Shared.Require("cases", "predictions-xlsx", "Mine_pred.xlsx"), "--kind", "yes-no").Refusal(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.json", "[1, 2]", "Record 1 of a.json is no prediction"),
        InlineData("a.json", "[{\"index\": 0}]", "Record 1 of a.json is no prediction"), InlineData("a.json", "[{", "a.json is no JSON"),
        InlineData("a.json", "[]", "no predictions"),
     InlineData("a.csv", "index,prediction\n1\n", "1 cells"), InlineData("a.csv", "index;prediction\n1;a\n", "no column index"),
         InlineData("a.json", "null", "Line 1 of a.json is no prediction")]
    public void What_is_none_is_refused_in_a_sentence(string name, string content, string part)
    {
        File.WriteAllText(_scratch.At(name), content);
        Assert.Contains(part, CommandRun.Of("score", _scratch.At(name), "--kind", "yes-no").Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_packed_file_of_nothing_but_zeros_is_not_unpacked_whole()
    {
        using (var gzip = new GZipStream(File.Create(_scratch.At("bomb.jsonl.gz")), CompressionLevel.Fastest))
            for (int i = 0; i < 200; i++) gzip.Write(new byte[1 << 20]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("far more than texts do", CommandRun.Of("score", _scratch.At("bomb.jsonl.gz"), "--kind", "yes-no").Refusal(),
            StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 600_000_000);
    }
}
