using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Server;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Reporting;
using SkiaSharp;

namespace Interlace.Tests.Server;

/// <summary>The pictures of README.md, made again by <c>build/pictures.sh</c>.</summary>
public sealed class PicturesTests
{
    [Fact(Explicit = true)]
    public async Task The_page_and_the_report_of_a_demo_are_drawn()
    {
        string run = Environment.GetEnvironmentVariable("INTERLACE_DEMO_RUN")!;
        string target = Environment.GetEnvironmentVariable("INTERLACE_PICTURES")!;
        var (question, image) = Telling(run);
        await using Browser browser = await Browser.Start();
        (string Name, string Folder)[] models =
            [("dense", Demo.Model), ("dropped", Path.Combine(run, "pruned")), ("tuned", Path.Combine(run, "tuned"))];
        await using var server = await TestServer.Start(TestServer.Usual, models, PageExample.Of(Demo.Tables));
        foreach (int width in new[] { 400, 1400 })
            foreach (bool dark in new[] { false, true })
            {
                await browser.Open(server.Address.AbsoluteUri, width, dark);
                await browser.Until("document.querySelectorAll('#examples img').length > 0");
                await browser.Evaluate($"show('{image}')");
                await browser.Evaluate($"document.getElementById('text').value = {JsonValue.Create(question).ToJsonString()}");
                await browser.Evaluate("document.getElementById('length').value = '32'");
                await browser.Evaluate("document.getElementById('go').click()");
                await browser.Until("!document.getElementById('go').disabled");
                const string answers = "[...document.querySelectorAll('.text')].map(text => text.textContent).join(' ')";
                string[] said = ((string)(await browser.Evaluate(answers))!).Split(' ');
                Assert.True(said[0] == said[2] && said[0] != said[1], string.Join(' ', said));
                Write(await browser.Picture(width, (int)(await browser.Evaluate("document.documentElement.scrollHeight"))!),
                    Path.Combine(target, $"page-{width}{(dark ? "-dark" : "")}.webp"));
            }
        await browser.Open(Path.Combine(run, "report.html"), 1000);
        Write(await browser.Picture(1000, 1100), Path.Combine(target, "report.webp"));
        Assert.True(browser.Complaints.Count == 0, string.Join(' ', browser.Complaints));
    }

    /// <summary>The first word that the model reads, misreads without the dropped layers, and reads again when it is tuned.</summary>
    private static (string Question, string Image) Telling(string run)
    {
        var (benchmark, path) = Benchmarks.In(Demo.Tables, ["TinyOCR"]).Single();
        using var table = BenchmarkTable.Open(path);
        var answers = RunFolder.EvaluatedModels
            .Select(model => EvaluationFolder.ReadAnswers(Path.Combine(run, RunFolder.Evaluated, model), benchmark.Name)).ToArray();
        string[] Said(BenchmarkRow row) => [.. answers.Select(model => model[row.Index].Prediction)];
        var told = table.Rows.First(row => row.Answer!.Contains(Said(row)[0], StringComparison.Ordinal)
            && Said(row) is [{ Length: >= 4 } dense, var dropped, var tuned] && dense == tuned && dense != dropped);
        return (Prompts.Text(benchmark, told), $"data:image/jpeg;base64,{Convert.ToBase64String(table.Images(told)[0])}");
    }

    private static void Write(byte[] png, string path)
    {
        using SKBitmap picture = SKBitmap.Decode(png);
        using SKData data = picture.Encode(SKEncodedImageFormat.Webp, 85);
        File.WriteAllBytes(path, data.ToArray());
    }
}
