using System.Text.Json.Nodes;
using Interlace.Server;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Reporting;
using SkiaSharp;

namespace Interlace.Tests.Server;

/// <summary>The page in a real browser, at the width of a telephone and of a desk.</summary>
public sealed class PageTests
{
    private const string Ready = "document.querySelectorAll('article').length > 0 && document.querySelectorAll('#examples img').length > 0";
    private const string Idle = "!document.getElementById('go').disabled";
    private const string Layout = """
        (() => {
            const seen = [...document.querySelectorAll('body *')].filter(e => e.getClientRects().length > 0);
            const out = seen.filter(e => e.getBoundingClientRect().right > innerWidth + 1);
            const box = e => { const b = e.getBoundingClientRect(); return [b.left, b.top + scrollY, b.width].map(Math.round).join(' '); };
            return { window: innerWidth, width: document.documentElement.scrollWidth, out: out.map(e => e.outerHTML.slice(0, 120)),
                places: [...document.querySelectorAll('article, article .strip, #go, #examples, textarea')].map(box).join(', '),
                ink: getComputedStyle(document.body).color, page: getComputedStyle(document.body).backgroundColor };
        })()
        """;

    private const string Shown = """
        (() => {
            const card = document.querySelector('[data-model=MODEL]');
            return { text: card.querySelector('.text').textContent, figures: [...card.querySelectorAll('dd')].map(d => d.textContent),
                question: document.getElementById('text').value, image: document.getElementById('preview').src };
        })()
        """;

    private static Task<TestServer> Serve(ServerOptions? options = null, params (string Name, string Folder)[] models) =>
        TestServer.Start(options ?? TestServer.Usual, models, PageExample.Of(Demo.Tables));

    [Theory, InlineData(400, false), InlineData(1400, true)]
    public async Task Models_answer_side_by_side_and_nothing_jumps(int width, bool dark)
    {
        await using Browser browser = await Browser.Start();
        await using var server = await Serve(null, ("dense", Demo.Model), (TestServer.Tied, TinyCheckpoints.Tied));
        await browser.Open(server.Address.AbsoluteUri, width, dark);
        await browser.Until(Ready);
        JsonNode before = Sound((await browser.Evaluate(Layout))!, width);
        Assert.Equal(dark ? ("rgb(230, 233, 238)", "rgb(21, 24, 29)") : ("rgb(31, 35, 41)", "rgb(253, 253, 252)"),
            ((string)before["ink"]!, (string)before["page"]!));
        int layers = server.Layers("dense") + server.Layers(TestServer.Tied);
        Assert.Equal(layers, (int)(await browser.Evaluate("document.querySelectorAll('article > .strip i').length"))!);

        await browser.Evaluate("document.querySelector('#examples button').click(), document.getElementById('length').value = '32', 0");
        await browser.Evaluate("document.getElementById('go').click()");
        Assert.False((bool)(await browser.Evaluate(Idle))!);
        await browser.Until(Idle);
        Assert.Equal((string)before["places"]!, (string)Sound((await browser.Evaluate(Layout))!, width)["places"]!);
        foreach (string model in new[] { "dense", TestServer.Tied })
        {
            JsonNode shown = (await browser.Evaluate(Shown.Replace("MODEL", model, StringComparison.Ordinal)))!;
            var content = new JsonArray(
                new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = (string)shown["image"]! } },
                new JsonObject { ["type"] = "text", ["text"] = (string)shown["question"]! });
            var asked = new JsonObject
            {
                ["model"] = model, ["max_tokens"] = 32,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = content }),
            };
            JsonNode answer = (await server.Post(asked.ToJsonString())).Body;
            Assert.Equal((string)answer["choices"]![0]!["message"]!["content"]!, (string)shown["text"]!);
            Assert.Equal((string)shown["figures"]![2]!, $"{answer["usage"]!["completion_tokens"]}");
            Assert.EndsWith(" s", (string)shown["figures"]![0]!, StringComparison.Ordinal);
        }
        Assert.Equal(0, await server.Metric("""interlace_requests_total{path="/v1/chat/completions",status="499"}"""));   // nobody left
        using SKBitmap picture = SKBitmap.Decode(await browser.Picture(width, 900));
        Assert.True(picture.Pixels.Distinct().Count() > 100);
        Assert.True(browser.Complaints.Count == 0, string.Join(' ', browser.Complaints));
    }

    [Fact]
    public async Task An_answer_can_be_stopped_and_the_server_stops_too()
    {
        await using Browser browser = await Browser.Start();
        await using var server = await Serve(null, (TestServer.Tied, TinyCheckpoints.Tied));
        await browser.Open(server.Address.AbsoluteUri, 1400);
        await browser.Until(Ready);
        await browser.Evaluate("document.getElementById('text').value = 'a', document.getElementById('length').value = '2048', 0");
        await browser.Evaluate("document.getElementById('go').click()");
        await browser.Until("document.querySelector('.text').textContent.length > 10");
        await browser.Evaluate("document.getElementById('stop').click()");
        await browser.Until(Idle);
        int length = (int)(await browser.Evaluate("document.querySelector('.text').textContent.length"))!;
        await server.Until("""interlace_active{model="tied"}""", 0);
        Assert.Equal(length, (int)(await browser.Evaluate("document.querySelector('.text').textContent.length"))!);
        Assert.Equal("text", (string?)await browser.Evaluate("document.querySelector('.text').className"));
        Assert.Equal(1, await server.Metric("""interlace_requests_total{path="/v1/chat/completions",status="499"}"""));
    }

    [Fact]
    public async Task What_goes_wrong_is_said_where_it_went_wrong()
    {
        await using Browser browser = await Browser.Start();
        await using var server = await Serve(null, (TestServer.Tied, TinyCheckpoints.Tied), (TestServer.TextModel, TinyCheckpoints.Text));
        await browser.Open(server.Address.AbsoluteUri, 1400);
        await browser.Until(Ready);
        await browser.Evaluate("document.getElementById('go').click()");
        Assert.Equal("Write a question first.", (string?)await browser.Evaluate("document.getElementById('problem').textContent"));
        await browser.Evaluate("document.querySelector('#examples button').click(), document.getElementById('length').value = '32', 0");
        await browser.Evaluate("document.getElementById('go').click()");
        await browser.Until(Idle);
        Assert.Equal("", (string?)await browser.Evaluate("document.getElementById('problem').textContent"));
        async Task<string?> Text(string model, string member) =>
            (string?)await browser.Evaluate($"document.querySelector('[data-model={model}] .text').{member}");
        Assert.Equal(("text", "text failed"), (await Text(TestServer.Tied, "className"), await Text(TestServer.TextModel, "className")));
        Assert.Equal("This model reads text alone: leave the image out.", await Text(TestServer.TextModel, "textContent"));
        Assert.All(browser.Complaints, complaint => Assert.Contains("status of 400", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_page_asks_for_the_key()
    {
        await using Browser browser = await Browser.Start();
        await using var server = await Serve(TestServer.Usual with { ApiKey = "secret" }, (TestServer.Tied, TinyCheckpoints.Tied));
        await browser.Open(server.Address.AbsoluteUri, 400);
        await browser.Until("!document.getElementById('key-row').hidden");
        async Task Use(string key)
        {
            await browser.Evaluate($"document.getElementById('key').value = '{key}', 0");
            await browser.Evaluate("document.getElementById('use-key').click()");
        }
        await Use("wrong");
        await browser.Until("document.getElementById('problem').textContent === 'The API key is wrong.'");
        await Use("secret");
        await browser.Until(Ready);
        Sound((await browser.Evaluate(Layout))!, 400);
        Assert.True((bool)(await browser.Evaluate("document.getElementById('key-row').hidden"))!);
        Assert.All(browser.Complaints, complaint => Assert.Contains("status of 401", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_alone_are_enough_and_the_focus_is_seen()
    {
        await using Browser browser = await Browser.Start();
        await using var server = await Serve(null, (TestServer.Tied, TinyCheckpoints.Tied));
        await browser.Open(server.Address.AbsoluteUri, 1400);
        await browser.Until(Ready);
        var seen = new List<string>();
        while (!seen.Contains("text"))
        {
            await browser.Press("Tab", 9);
            seen.Add((string)(await browser.Evaluate("document.activeElement.id || document.activeElement.parentElement.id"))!);
            Assert.NotEqual("none", (string?)await browser.Evaluate(
                "getComputedStyle(document.querySelector('#drop:has(#file:focus)') ?? document.activeElement).outlineStyle"));
        }
        Assert.Equal(["model-0", "file", "examples", "text"], seen.Distinct());
        await browser.Press("a", 65, "a");
        await browser.Press("Tab", 9);
        await browser.Press("Enter", 13, "\r");
        await browser.Until("document.querySelector('.text').textContent.length > 0");
        await browser.Evaluate("document.getElementById('stop').click()");
        await browser.Until(Idle);
    }

    private static JsonNode Sound(JsonNode seen, int width)
    {
        Assert.True((int)seen["window"]! == width && (int)seen["width"]! <= width, seen.ToJsonString());
        Assert.Empty(seen["out"]!.AsArray());
        return seen;
    }
}
