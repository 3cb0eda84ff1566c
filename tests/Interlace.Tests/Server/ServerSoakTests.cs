using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Tests.Evaluation;
using Interlace.Vlm;

namespace Interlace.Tests.Server;

/// <summary>
/// Minutes of mixed requests from eight clients: whole answers and streams, greedy and drawn, with images, with stop texts, wrong ones, and
/// callers that leave. None may be lost, the same request must have the same answer, and memory must stay flat. Run by
/// <c>tests/faults/soak.sh</c>; figures in docs/reliability.md.
/// </summary>
public sealed class ServerSoakTests(ITestOutputHelper output)
{
    private const int Clients = 8;

    private readonly ConcurrentDictionary<string, string> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    [Fact(Explicit = true)]
    public async Task Nothing_is_lost_and_memory_stays_flat()
    {
        var cancellation = TestContext.Current.CancellationToken;
        string seconds = Environment.GetEnvironmentVariable("INTERLACE_SOAK_SECONDS") ?? "600";
        var length = TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture));
        using var server = await ServeProcess.Start(Demo.Model, TinyCheckpoints.Text, "--slots", "4", "--max-queue", "4");
        var clock = Stopwatch.StartNew();
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(client => Task.Run(() => Ask(server.Http, client, clock, length)))];
        var memory = new List<long>();
        while (clock.Elapsed < length)
        {
            await Task.Delay(length / 20, cancellation);
            server.Process.Refresh();
            memory.Add(server.Process.WorkingSet64 >> 20);
        }
        await Task.WhenAll(clients);
        await Task.Delay(TimeSpan.FromSeconds(5), cancellation);   // who left last has to be noticed
        string metrics = await server.Http.GetStringAsync("/metrics", cancellation);
        string counts = string.Join(", ", _counts.OrderBy(count => count.Key).Select(count => $"{count.Value} {count.Key}"));
        output.WriteLine($"{length.TotalSeconds:0} s, {Clients} clients: {counts}");
        output.WriteLine($"{_answers.Count} different requests; memory in MiB at each twentieth: {string.Join(' ', memory)}");
        IEnumerable<string> Lines(string name) =>
            metrics.Split('\n').Where(line => line.StartsWith(name + "{", StringComparison.Ordinal));
        foreach (string line in Lines("interlace_requests_total")) output.WriteLine(line);
        Assert.DoesNotContain("wrong", _counts.Keys);
        Assert.All([.. Lines("interlace_active"), .. Lines("interlace_waiting")],
            line => Assert.EndsWith(" 0", line, StringComparison.Ordinal));
        Assert.True(memory[^1] <= memory[4] * 1.1 + 20, $"memory grew: {string.Join(' ', memory)} MiB");
    }

    private async Task Ask(HttpClient http, int client, Stopwatch clock, TimeSpan length)
    {
        var random = new SplitMix64((ulong)client);
        while (clock.Elapsed < length)
        {
            int kind = random.Next(6), question = random.Next(12);
            var body = Request(kind, question);
            using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Count("told to come back");
                await Task.Delay(random.Next(200));
                continue;
            }
            if (kind == 5) Count((int)answer.StatusCode == 400 ? "refused as wrong" : "wrong");
            else if (kind == 4 && random.Next(2) == 0) Count("left");   // disposing the answer closes its connection
            else await Hear(answer, body);
        }
    }

    private async Task Hear(HttpResponseMessage answer, JsonObject body)
    {
        string text = await answer.Content.ReadAsStringAsync();
        bool streams = (bool)body["stream"]!;
        IEnumerable<JsonNode> pieces = !streams ? [JsonNode.Parse(text)!]
            : text.Split("\n\n").Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
                .Select(line => JsonNode.Parse(line[6..])!);
        bool isWhole = answer.IsSuccessStatusCode && (!streams || text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal));
        string said = !isWhole ? "lost: " + text
            : string.Concat(pieces.Select(piece => (string?)piece["choices"]![0]![streams ? "delta" : "message"]!["content"]));
        body.Remove("stream");
        bool same = _answers.GetOrAdd(body.ToJsonString(), said) == said && !said.StartsWith("lost", StringComparison.Ordinal);
        Count(!same ? "wrong" : streams ? "streams" : "whole answers");
    }

    /// <summary>Kinds: 0 text, 1 image, 2 drawn, 3 with a stop text, 4 long, 5 wrong; every other question is streamed.</summary>
    private static JsonObject Request(int kind, int question)
    {
        string uri = $"data:image/png;base64,{Convert.ToBase64String(TestServer.Picture)}";
        JsonNode content = kind != 1 ? $"What is number {question}?" : new JsonArray(
            new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = uri } },
            new JsonObject { ["type"] = "text", ["text"] = $"What is number {question}?" });
        return new()
        {
            ["model"] = kind != 1 && question % 3 == 0 ? "text" : "model",
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = content }),
            ["max_tokens"] = kind == 4 ? 300 : 8 + question, ["temperature"] = kind == 2 ? 1.2 : 0, ["seed"] = question,
            ["stop"] = kind == 3 ? new JsonArray("e", "1") : null, ["n"] = kind == 5 ? 2 : 1, ["stream"] = kind == 4 || question % 2 == 0,
        };
    }

    private void Count(string what) => _counts.AddOrUpdate(what, 1, (_, count) => count + 1);
}
