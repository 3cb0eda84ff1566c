using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Interlace.Tests.Reporting;

/// <summary>
/// A real browser without a window, asked through the protocol of its developer tools: Chromium, from the path or where
/// <c>INTERLACE_CHROMIUM</c> points. A test that needs it is skipped where there is none.
/// </summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string[] Settings = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--hide-scrollbars", "--no-first-run", "--remote-debugging-port=0"];

    /// <summary>What comes from the page itself, wherever the page is from.</summary>
    private static readonly string[] OwnSchemes = ["blob:", "data:", "about:"];

    private readonly ScratchFolder _profile;
    private readonly CancellationTokenSource _patience = new(Patience);
    private readonly ClientWebSocket _socket = new();
    private readonly Process _process;
    private readonly HashSet<string> _streams = new(StringComparer.Ordinal);
    private string? _session;
    private string _origin = "file";
    private int _sent;

    private Browser(Process process, ScratchFolder profile) => (_process, _profile) = (process, profile);

    /// <summary>What a page complained about since it was opened.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Starts the browser with an empty page, or skips the test.</summary>
    public static async Task<Browser> Start()
    {
        string? program = Find();
        Assert.SkipWhen(program is null, "no chromium in the path (INTERLACE_CHROMIUM)");
        var profile = new ScratchFolder();
        var start = new ProcessStartInfo(program!) { RedirectStandardError = true, RedirectStandardOutput = true };
        string[] arguments = [.. Settings, $"--user-data-dir={profile.Path}", "about:blank"];
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        Browser browser = new(Process.Start(start)!, profile);
        try
        {
            await browser._socket.ConnectAsync(await browser.Address(), browser._patience.Token);
            JsonNode target = await browser.Ask("Target.createTarget", new() { ["url"] = "about:blank" });
            JsonObject attached = new() { ["targetId"] = (string)target["targetId"]!, ["flatten"] = true };
            browser._session = (string)(await browser.Ask("Target.attachToTarget", attached))["sessionId"]!;
            foreach (string domain in new[] { "Page", "Runtime", "Log", "Network" }) await browser.Ask($"{domain}.enable");
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a file or an address at a width, and waits until it is drawn.</summary>
    public async Task Open(string path, int width, bool dark = false)
    {
        await Ask("Emulation.setDeviceMetricsOverride",
            new() { ["width"] = width, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        JsonObject colours = new() { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" };
        await Ask("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(colours) });
        Uri page = new(path);
        _origin = page.IsFile ? "file" : page.GetLeftPart(UriPartial.Authority);
        await Ask("Page.navigate", new() { ["url"] = page.AbsoluteUri });
        await Until($"document.readyState + ' ' + location.protocol == 'complete {page.Scheme}:'");
    }

    /// <summary>Waits until an expression in the page is true.</summary>
    public async Task Until(string condition)
    {
        while ((bool?)await Evaluate(condition) != true) await Task.Delay(20, _patience.Token);
    }

    /// <summary>Presses a key.</summary>
    /// <param name="key">Its name, such as Tab.</param>
    /// <param name="code">Its number.</param>
    /// <param name="text">What it writes.</param>
    public async Task Press(string key, int code, string? text = null)
    {
        foreach (string type in new[] { "keyDown", "keyUp" })
        {
            JsonObject what = new() { ["type"] = type, ["key"] = key, ["windowsVirtualKeyCode"] = code };
            if (text is not null && type == "keyDown") what["text"] = text;
            await Ask("Input.dispatchKeyEvent", what);
        }
    }

    /// <summary>The value of an expression in the page.</summary>
    public async Task<JsonNode?> Evaluate(string expression)
    {
        JsonNode result = await Ask("Runtime.evaluate",
            new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        Assert.True(result["exceptionDetails"] is null, result.ToJsonString());
        return result["result"]!["value"];
    }

    /// <summary>A picture of the page, from its top, so many pixels high.</summary>
    public async Task<byte[]> Picture(int width, int height, int top = 0)
    {
        JsonObject clip = new() { ["x"] = 0, ["y"] = top, ["width"] = width, ["height"] = height, ["scale"] = 1 };
        JsonNode taken = await Ask("Page.captureScreenshot", new() { ["captureBeyondViewport"] = true, ["clip"] = clip });
        return Convert.FromBase64String((string)taken["data"]!);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _socket.Dispose();
        _patience.Dispose();
        _profile.Dispose();
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("INTERLACE_CHROMIUM") is { Length: > 0 } named) return named;
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return new[] { "chromium", "chromium-browser", "google-chrome" }
            .SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }

    /// <summary>The address of the developer tools, which the browser says on standard error.</summary>
    private async Task<Uri> Address()
    {
        const string Mark = "DevTools listening on ";
        while (await _process.StandardError.ReadLineAsync(_patience.Token) is { } line)
        {
            if (!line.StartsWith(Mark, StringComparison.Ordinal)) continue;
            _ = _process.StandardError.ReadToEndAsync(CancellationToken.None);   // or it would block once the pipe is full
            return new(line[Mark.Length..].Trim());
        }
        throw new InvalidOperationException("The browser ended before it said where it listens.");
    }

    private async Task<JsonNode> Ask(string method, JsonObject? parameters = null)
    {
        int id = ++_sent;
        JsonObject message = new() { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        if (_session is not null) message["sessionId"] = _session;
        byte[] sent = Encoding.UTF8.GetBytes(message.ToJsonString());
        await _socket.SendAsync(sent, WebSocketMessageType.Text, endOfMessage: true, _patience.Token);
        while (true)
        {
            JsonNode reply = await Receive();
            if ((int?)reply["id"] == id)
                return reply["error"] is null ? reply["result"]! : throw new InvalidOperationException(reply.ToJsonString());
            Note(reply);
        }
    }

    private void Note(JsonNode happened)
    {
        JsonNode? what = happened["params"];
        switch ((string?)happened["method"])
        {
            case "Network.responseReceived" when (string?)what!["response"]!["mimeType"] == "text/event-stream":
                _streams.Add((string)what["requestId"]!);
                break;
            // A stream that a page reads piece by piece to its end is told as cancelled about every other time, though neither page nor
            // server breaks it off: the reader closes it when its last byte has come, often before the loader has heard that it was the
            // last. Of the same streams read as one text none is. Whether all of it came, tests see by the page and by the server's counts.
            case "Network.loadingFailed" when (bool?)what!["canceled"] == true && _streams.Contains((string)what["requestId"]!):
                break;
            case "Runtime.consoleAPICalled" or "Runtime.exceptionThrown" or "Network.loadingFailed":
                Complaints.Add(what!.ToJsonString());
                break;
            case "Log.entryAdded" when (string?)what!["entry"]!["level"] is "error" or "warning":
                Complaints.Add(what["entry"]!.ToJsonString());
                break;
            case "Network.requestWillBeSent" when (string)what!["request"]!["url"]! is var url
                && !OwnSchemes.Append(_origin).Any(own => url.StartsWith(own, StringComparison.Ordinal)):
                Complaints.Add($"asked for {url}");
                break;
        }
    }

    private async Task<JsonNode> Receive()
    {
        using MemoryStream text = new();
        byte[] buffer = new byte[1 << 16];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer, _patience.Token);
            text.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(text.ToArray())!;
    }
}
