using System.Text.Json.Nodes;
using Interlace.Reporting;
using SkiaSharp;

namespace Interlace.Tests.Reporting;

/// <summary>Reports in a real browser, at the width of a telephone and of a desk.</summary>
[Collection(ReportedRunsCollection.Name)]
public sealed class BrowserTests(ReportedRuns runs)
{
    private const string Measurements = """
        (() => {
            const seen = e => e.getClientRects().length > 0;
            const svgs = [...document.querySelectorAll('svg')].filter(seen), images = [...document.images];
            const tables = [...document.querySelectorAll('table')].filter(seen);
            const inBox = e => { for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX === 'auto') return true; return false; };
            const out = [...document.querySelectorAll('main *')].filter(e => seen(e) && !(e instanceof SVGElement && e.tagName !== 'svg') && !inBox(e) && e.getBoundingClientRect().right > innerWidth + 1);
            return {
                width: document.documentElement.scrollWidth, window: innerWidth, out: out.map(e => e.outerHTML.slice(0, 120)),
                svgs: svgs.length, empty: svgs.filter(s => s.getBBox().width < 20 || s.getBoundingClientRect().height < 20 || s.querySelectorAll('text').length === 0).length,
                images: images.length, broken: images.filter(i => !(i.complete && i.naturalWidth > 0)).length,
                tables: tables.length, rows: tables.reduce((n, t) => n + t.rows.length, 0), ink: getComputedStyle(document.body).color, page: getComputedStyle(document.body).backgroundColor,
            };
        })()
        """;

    [Fact]
    public async Task A_report_of_many_runs_is_drawn_whole_at_any_width_without_complaint()
    {
        await using Browser browser = await Browser.Start();
        string page = Path.Combine(runs.Target, "report.html");
        foreach (int width in new[] { 400, 1400 })
        {
            await browser.Open(page, width);
            JsonNode seen = (await browser.Evaluate(Measurements))!;
            Sound(seen, width);
            Assert.Equal(8, (int)seen["svgs"]!);
            Assert.True((int)seen["tables"]! >= 8, seen.ToJsonString());
            Assert.True((int)seen["rows"]! > 100);
        }
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task The_report_of_one_run_shows_its_images_and_follows_the_readers_colours()
    {
        using ScratchFolder scratch = new();
        string page = scratch.At("report.html");
        File.WriteAllText(page, Report.ToHtml(SampleReport.Full));
        await using Browser browser = await Browser.Start();
        foreach (bool dark in new[] { false, true })
        {
            await browser.Open(page, 400, dark);
            JsonNode seen = (await browser.Evaluate(Measurements))!;
            Sound(seen, 400);
            Assert.Equal(3, (int)seen["images"]!);
            Assert.Equal(dark ? ("rgb(230, 233, 238)", "rgb(21, 24, 29)") : ("rgb(31, 35, 41)", "rgb(253, 253, 252)"), ((string)seen["ink"]!, (string)seen["page"]!));
            using SKBitmap picture = SKBitmap.Decode(await browser.Picture(400, 900));
            Assert.True(picture.Pixels.Distinct().Count() > 100);
        }
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task What_a_page_does_wrong_is_seen()
    {
        using ScratchFolder scratch = new();
        string page = scratch.At("bad.html");
        File.WriteAllText(page, "<!doctype html><meta charset=utf-8><body><main><div style='width:900px'>wide</div><img src='missing.png'><svg width=5 height=5></svg></main><script>console.error('no')</script>");
        await using Browser browser = await Browser.Start();
        await browser.Open(page, 400);
        JsonNode seen = (await browser.Evaluate(Measurements))!;
        Assert.True((int)seen["width"]! > 400);
        Assert.Equal((1, 1), ((int)seen["broken"]!, (int)seen["empty"]!));
        Assert.Contains(browser.Complaints, complaint => complaint.Contains("\"no\"", StringComparison.Ordinal));
    }

    private static void Sound(JsonNode seen, int width)
    {
        string all = seen.ToJsonString();
        Assert.True((int)seen["window"]! == width && (int)seen["width"]! <= width, all);
        Assert.Empty(seen["out"]!.AsArray());
        Assert.True((int)seen["svgs"]! > 0 && (int)seen["empty"]! == 0, all);
        Assert.Equal(0, (int)seen["broken"]!);
    }
}
