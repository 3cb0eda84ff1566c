using System.ClientModel;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Server;
using Interlace.Tests.Cli;
using Interlace.Vlm;
using OpenAI.Chat;

namespace Interlace.Tests.Server;

/// <summary>The server as its callers meet it, most of them through OpenAI's own client.</summary>
public sealed class ChatServerTests
{
    private const int Tokens = 12;
    private const string Asked = """{"model":"tied","messages":[{"role":"user","content":"a"}]""";
    private const string Seen = """{"model":"tied","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":""" + "\"";
    private const string SeenEnd = "\"}}]}]}";

    /// <summary>What the command line answers.</summary>
    private static JsonNode Generated(string question, params string[] more) =>
        CommandRun.Of(["generate", TinyCheckpoints.Tied, question, "--device", "cpu", "--dtype", "fp32",
            "--max-new-tokens", $"{Tokens}", "--json", .. more]).Json();

    private static ChatCompletionOptions Options(float temperature = 0, long? seed = null, params string[] stops)
    {
#pragma warning disable OPENAI001   // seeds are said to be an experiment
        var options = new ChatCompletionOptions { MaxOutputTokenCount = Tokens, Temperature = temperature, Seed = seed };
#pragma warning restore OPENAI001
        foreach (string stop in stops) options.StopSequences.Add(stop);
        return options;
    }

    private static async Task<(string Text, int Pieces, ChatFinishReason? Reason, ChatTokenUsage? Usage)> Streamed(
        ChatClient client, ChatMessage[] messages, ChatCompletionOptions options)
    {
        var (text, pieces, reason, usage) = (new StringBuilder(), 0, (ChatFinishReason?)null, (ChatTokenUsage?)null);
        await foreach (var update in client.CompleteChatStreamingAsync(messages, options))
        {
            foreach (var part in update.ContentUpdate)
            {
                text.Append(part.Text);
                if (part.Text.Length > 0) pieces++;
            }
            reason ??= update.FinishReason;
            usage ??= update.Usage;
        }
        return (text.ToString(), pieces, reason, usage);
    }

    [Fact]
    public async Task Answers_equal_those_of_the_command_line_whole_and_in_pieces()
    {
        await using var server = await TestServer.Start();
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch.At("picture.png"), TestServer.Picture);
        var client = server.Client();
        ChatMessage[] plain = [new SystemChatMessage("Be brief."), new UserChatMessage("What is it?")];
        var picture = ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(TestServer.Picture), "image/png");
        ChatMessage[] seen = [new UserChatMessage(picture, ChatMessageContentPart.CreateTextPart("What is it?"))];
        foreach (var (messages, options, expected) in new[]
        {
            (plain, Options(), Generated("What is it?", "--system", "Be brief.")),
            (seen, Options(), Generated("What is it?", "--image", scratch.At("picture.png"))),
            (plain, Options(1.5f, 7), Generated("What is it?", "--system", "Be brief.", "--temperature", "1.5", "--seed", "7")),
        })
        {
            ChatCompletion whole = await client.CompleteChatAsync(messages, options);
            Assert.Equal((string)expected["text"]!, whole.Content[0].Text);
            var reason = (string)expected["finish_reason"]! == "stop" ? ChatFinishReason.Stop : ChatFinishReason.Length;
            var (asked, given) = ((int)expected["prompt_tokens"]!, (int)expected["new_tokens"]!);
            Assert.Equal((reason, asked, given), (whole.FinishReason, whole.Usage.InputTokenCount, whole.Usage.OutputTokenCount));
            var streamed = await Streamed(client, messages, options);
            Assert.Equal((whole.Content[0].Text, whole.FinishReason), (streamed.Text, streamed.Reason!.Value));
            Assert.True(streamed.Pieces > 1);
            Assert.Equal((asked, given, asked + given),
                (streamed.Usage!.InputTokenCount, streamed.Usage.OutputTokenCount, streamed.Usage.TotalTokenCount));
        }
    }

    [Fact]
    public async Task Many_at_once_get_the_answers_that_each_gets_alone()
    {
        await using var server = await TestServer.Start(TestServer.Usual with { Slots = 5 });
        Task<string>[] asked = [.. Enumerable.Range(0, 16).Select(async i =>
        {
            ChatMessage[] question = [new UserChatMessage($"Number {i}?")];
            var client = server.Client(i % 3 == 0 ? TestServer.TextModel : TestServer.Tied);
            var options = Options(i % 2 == 0 ? 0 : 1.3f, i);
            if (i % 4 < 2) return (await Streamed(client, question, options)).Text;
            return (await client.CompleteChatAsync(question, options)).Value.Content[0].Text;
        })];
        string[] together = await Task.WhenAll(asked);
        var alone = new List<string>();
        for (int i = 0; i < together.Length; i++)
        {
            var client = server.Client(i % 3 == 0 ? TestServer.TextModel : TestServer.Tied);
            var options = Options(i % 2 == 0 ? 0 : 1.3f, i);
            alone.Add((await client.CompleteChatAsync([new UserChatMessage($"Number {i}?")], options)).Value.Content[0].Text);
        }
        Assert.Equal(alone, together);
        Assert.True(together.Distinct().Count() > 8);
    }

    [Fact]
    public async Task A_seed_decides_and_without_one_answers_differ()
    {
        await using var server = await TestServer.Start();
        async Task<string> Text(long? seed) =>
            (await server.Client().CompleteChatAsync([new UserChatMessage("Why?")], Options(1.5f, seed))).Value.Content[0].Text;
        Assert.Equal(await Text(3), await Text(3));
        Assert.NotEqual(await Text(3), await Text(4));
        Assert.NotEqual(await Text(null), await Text(null));
    }

    [Fact]
    public async Task A_stop_text_ends_the_answer_before_itself()
    {
        await using var server = await TestServer.Start();
        ChatMessage[] question = [new UserChatMessage("What is it?")];
        ChatCompletion free = await server.Client().CompleteChatAsync(question, Options());
        string whole = free.Content[0].Text, stop = whole.Substring(whole.Length / 2, 2);
        string expected = whole[..whole.IndexOf(stop, StringComparison.Ordinal)];
        ChatCompletion stopped = await server.Client().CompleteChatAsync(question, Options(0, null, "nowhere at all", stop));
        Assert.Equal((expected, ChatFinishReason.Stop), (stopped.Content[0].Text, stopped.FinishReason));
        Assert.True(stopped.Usage.OutputTokenCount < free.Usage.OutputTokenCount);
        var streamed = await Streamed(server.Client(), question, Options(0, null, stop, "nowhere at all"));
        Assert.Equal((expected, ChatFinishReason.Stop), (streamed.Text, streamed.Reason!.Value));
    }

    [Theory]
    [InlineData("""{"model":"tied"}""", 400, "messages")]
    [InlineData("""{"model":"tied","messages":[]}""", 400, "messages")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", 400, "model")]
    [InlineData("""{"model":"none","messages":[{"role":"user","content":"a"}]}""", 404, "model")]
    [InlineData(Asked + ""","tools":[{"type":"function"}]}""", 400, "tools")]
    [InlineData(Asked + ""","logprobs":true}""", 400, "logprobs")]
    [InlineData(Asked + ""","n":2}""", 400, "n")]
    [InlineData(Asked + ""","response_format":{"type":"json_object"}}""", 400, "response_format")]
    [InlineData(Asked + ""","temprature":1}""", 400, "temprature")]
    [InlineData(Asked + ""","temperature":-1}""", 400, "temperature")]
    [InlineData(Asked + ""","temperature":"hot"}""", 400, "temperature")]
    [InlineData(Asked + ""","top_p":0}""", 400, "top_p")]
    [InlineData(Asked + ""","max_tokens":0}""", 400, "max_tokens")]
    [InlineData(Asked + ""","max_tokens":1,"max_completion_tokens":2}""", 400, "max_tokens")]
    [InlineData(Asked + ""","max_tokens":99999999}""", 400, "max_tokens")]
    [InlineData(Asked + ""","stop":[""]}""", 400, "stop")]
    [InlineData(Asked + ""","stream_options":{"usage":true}}""", 400, "stream_options.usage")]
    [InlineData("""{"model":"tied","messages":[{"role":"tool","content":"a"}]}""", 400, "messages[0].role")]
    [InlineData("""{"model":"tied","messages":[{"role":"user","content":[{"type":"input_audio"}]}]}""", 400, "messages[0].content[0].type")]
    [InlineData(Seen + "https://example.org/a.png" + SeenEnd, 400, "messages")]
    [InlineData(Seen + "ftp://example.org/a.png" + SeenEnd, 400, "messages")]
    [InlineData(Seen + "data:image/png;base64,AAAA" + SeenEnd, 400, "messages")]
    [InlineData(Seen + "data:image/png;base64,%%" + SeenEnd, 400, "messages")]
    [InlineData(Seen + "data:text/plain,hello" + SeenEnd, 400, "messages")]
    [InlineData("""{"model":"tied","messages":[{"role":"user","content":"<|image_pad|>"}]}""", 400, "messages")]
    [InlineData("""{"model":"tied","model":"text","messages":[{"role":"user","content":"a"}]}""", 400, null)]
    [InlineData("""{"model":"tied","messages":[{"role":"user","content":"\ud800"}]}""", 400, null)]
    [InlineData("""[1]""", 400, null)]
    [InlineData("""{"model":""", 400, null)]
    public async Task A_wrong_request_is_refused_with_what_is_wrong(string body, int status, string? parameter)
    {
        await using var server = await TestServer.Start();
        var (found, answer) = await server.Post(body);
        JsonNode error = answer["error"]!;
        Assert.Equal((status, parameter), ((int)found, (string?)error["param"]));
        Assert.Equal("invalid_request_error", (string)error["type"]!);
        Assert.EndsWith(".", (string)error["message"]!, StringComparison.Ordinal);
        Assert.Empty(server.Log);
    }

    [Fact]
    public async Task What_changes_nothing_is_passed_over()
    {
        await using var server = await TestServer.Start();
        var (status, answer) = await server.Post(TestServer.Asking("a", """
            "user":"me","n":1,"logprobs":false,"tools":[],"frequency_penalty":0,"response_format":{"type":"text"},"logit_bias":{},
            "stop":null,"seed":null,"metadata":{"a":"b"}
            """));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(("chat.completion", "assistant"), ((string)answer["object"]!, (string)answer["choices"]![0]!["message"]!["role"]!));
    }

    [Fact]
    public async Task Only_who_knows_the_key_is_served_though_anybody_may_ask_whether_the_server_lives()
    {
        await using var server = await TestServer.Start(TestServer.Usual with { ApiKey = "the right key" });
        using var stranger = new HttpClient { BaseAddress = server.Address };
        foreach (string key in new[] { "", "the right kex", "the right key and more" })
        {
            stranger.DefaultRequestHeaders.Authorization = key.Length == 0 ? null : new AuthenticationHeaderValue("Bearer", key);
            foreach (string path in new[] { "/v1/models", "/metrics", "/examples", "/elsewhere" })
            {
                using var refused = await stranger.GetAsync(path, TestContext.Current.CancellationToken);
                string scheme = refused.Headers.WwwAuthenticate.Single().Scheme;
                Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (refused.StatusCode, scheme));
            }
            Assert.Equal("authentication_error", (string)(await server.Post(TestServer.Asking("a"), stranger)).Body["error"]!["type"]!);
            Assert.Equal("""{"status":"ok"}""", await stranger.GetStringAsync("/health", TestContext.Current.CancellationToken));
            Assert.Contains("<title>", await stranger.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        ChatCompletion answer = await server.Client().CompleteChatAsync([new UserChatMessage("a")], Options());
        Assert.NotEmpty(answer.Content[0].Text);
        Assert.Equal(12, await server.Metric("""interlace_requests_total{path="/v1/models",status="401"}""") * 4);
    }

    [Fact]
    public async Task Too_large_a_request_and_too_many_are_turned_away()
    {
        await using var server = await TestServer.Start(TestServer.Usual with { MaxRequestBytes = 4096, Slots = 1, MaxQueue = 1 });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await server.Post(TestServer.Asking(new string('a', 5000)))).Status);
        using var unsaid = new ChunkedContent(TestServer.Asking(new string('a', 5000)));   // its length is not said beforehand
        using (var answer = await server.Http.PostAsync("/v1/chat/completions", unsaid, TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);

        using var leaving = new CancellationTokenSource();
        string endless = TestServer.Asking("a", "\"max_tokens\":4000,\"stop\":[\"none such\"]");
        Task[] kept = [.. Enumerable.Range(0, 2).Select(_ => Send(server, endless, leaving.Token))];
        await server.Until("""interlace_waiting{model="tied"}""", 1);
        using var content = new StringContent(TestServer.Asking("a"), Encoding.UTF8, "application/json");
        using var busy = await server.Http.PostAsync("/v1/chat/completions", content, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.TooManyRequests, true), (busy.StatusCode, busy.Headers.RetryAfter is { Delta.TotalSeconds: > 0 }));
        // The other model is free.
        Assert.Equal(HttpStatusCode.OK, (await server.Post(TestServer.Asking("a", model: TestServer.TextModel))).Status);

        // Who waits and who is answered leave: both places are free again, for a whole answer.
        await leaving.CancelAsync();
        foreach (var request in kept) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        Assert.Equal(HttpStatusCode.OK, (await Retried(server)).Status);
        await server.Until("""interlace_active{model="tied"}""", 0);
        await server.Until("""interlace_requests_total{path="/v1/chat/completions",status="499"}""", 2);
        Assert.Empty(server.Log);
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_by_its_reader_ends()
    {
        await using var server = await TestServer.Start();
        var cancellation = TestContext.Current.CancellationToken;
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions"))
        {
            string body = TestServer.Asking("a", "\"max_tokens\":4000,\"stream\":true");
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation));
            for (int i = 0; i < 6; i++) Assert.NotNull(await reader.ReadLineAsync(cancellation));
            Assert.Equal(1, await server.Metric("""interlace_active{model="tied"}"""));
        }
        await server.Until("""interlace_active{model="tied"}""", 0);
        await server.Until("""interlace_requests_total{path="/v1/chat/completions",status="499"}""", 1);
    }

    [Fact]
    public async Task The_end_of_the_server_lets_short_answers_finish_and_breaks_off_long_ones()
    {
        await using var server = await TestServer.Start(TestServer.Usual with { Grace = TimeSpan.FromSeconds(2) });
        var longer = Streaming(server, 4_000);
        await server.Until("""interlace_active{model="tied"}""", 1);
        var shorter = Streaming(server, 20);
        await server.Until("""interlace_active{model="tied"}""", 2);
        await server.End();
        Assert.Contains("data: [DONE]", await shorter, StringComparison.Ordinal);
        string broken = await longer;
        Assert.DoesNotContain("[DONE]", broken, StringComparison.Ordinal);
        Assert.Contains("shutting_down", broken.TrimEnd().Split("data: ")[^1], StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Http.GetStringAsync("/health", TestContext.Current.CancellationToken));
        Assert.Empty(server.Log);
    }

    [Fact]
    public async Task Addresses_methods_and_kinds_of_content_are_looked_at()
    {
        await using var server = await TestServer.Start();
        async Task<int> Status(HttpMethod method, string path, string? type = null, string? host = null)
        {
            using var request = new HttpRequestMessage(method, path);
            if (type is not null) request.Content = new StringContent(TestServer.Asking("a"), Encoding.UTF8, type);
            if (host is not null) request.Headers.Host = host;
            using var answer = await server.Http.SendAsync(request);
            return (int)answer.StatusCode;
        }
        Assert.Equal(404, await Status(HttpMethod.Get, "/v1/elsewhere"));
        Assert.Equal(404, await Status(HttpMethod.Get, "/v1/models/none"));
        Assert.Equal(200, await Status(HttpMethod.Get, "/v1/models/tied"));
        Assert.Equal(405, await Status(HttpMethod.Get, "/v1/chat/completions"));
        Assert.Equal(405, await Status(HttpMethod.Delete, "/v1/models"));
        Assert.Equal(415, await Status(HttpMethod.Post, "/v1/chat/completions", "text/plain"));
        Assert.Equal(200, await Status(HttpMethod.Post, "/v1/chat/completions", "application/json", "localhost:1"));
        Assert.Equal(403, await Status(HttpMethod.Post, "/v1/chat/completions", "application/json", "elsewhere.example"));
        Assert.Equal(403, await Status(HttpMethod.Get, "/", host: "elsewhere.example"));
    }

    [Fact]
    public async Task The_list_of_models_tells_what_was_done_to_them()
    {
        using var scratch = new ScratchFolder();
        string plan = scratch.At("plan.json"), pruned = scratch.At("pruned");
        Interlace.Pruning.PlanFile.Save(Interlace.Pruning.PruningPlan.Create(12, [4, 8], [5, 9], new()), plan);
        Assert.Equal(0, CommandRun.Of("prune", TinyCheckpoints.Tied, "--plan", plan, "--out", pruned).Code);
        await using var server = await TestServer.Start(TestServer.Usual, [("dense", TinyCheckpoints.Tied), ("dropped", pruned)]);
        string list = await server.Http.GetStringAsync("/v1/models", TestContext.Current.CancellationToken);
        JsonArray models = JsonNode.Parse(list)!["data"]!.AsArray();
        Assert.Equal(["dense", "dropped"], models.Select(model => (string)model!["id"]!));
        JsonNode dense = models[0]!["interlace"]!, dropped = models[1]!["interlace"]!;
        Assert.True((bool)dense["reads_images"]!);
        static (string, int, string) Said(JsonNode model) => ((string)model["kind"]!, (int)model["layers"]!, (string)model["roles"]!);
        Assert.Equal(("dense", 12, "............"), Said(dense));
        Assert.Equal(("pruned", 10, "....DT..DT.."), Said(dropped));
        Assert.True((long)dropped["parameters"]! < (long)dense["parameters"]!);
    }

    [Fact]
    public async Task Tokens_and_times_are_counted()
    {
        await using var server = await TestServer.Start();
        JsonNode usage = (await server.Post(TestServer.Asking("a", "\"max_tokens\":5"))).Body["usage"]!;
        await server.Until("""interlace_answer_seconds_count{model="tied"}""", 1);
        Assert.Equal((double)usage["prompt_tokens"]!, await server.Metric("""interlace_prompt_tokens_total{model="tied"}"""));
        Assert.Equal((double)usage["completion_tokens"]!, await server.Metric("""interlace_new_tokens_total{model="tied"}"""));
        Assert.Equal(1, await server.Metric("""interlace_first_token_seconds_count{model="tied"}"""));
    }

    [Fact]
    public async Task A_port_that_is_taken_and_a_network_without_a_key_are_refused()
    {
        await using var server = await TestServer.Start();
        int port = server.Address.Port;
        async Task<string> Refusal(ServerOptions options) =>
            (await Assert.ThrowsAsync<InputException>(() => TestServer.Start(options))).Message;
        Assert.Contains($"Port {port}", await Refusal(TestServer.Usual with { Port = port }), StringComparison.Ordinal);
        Assert.Contains("--api-key-env", await Refusal(TestServer.Usual with { Host = IPAddress.Any }), StringComparison.Ordinal);
    }

    private static async Task Send(TestServer server, string body, CancellationToken cancellation)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await server.Http.PostAsync("/v1/chat/completions", content, cancellation);
    }

    /// <summary>Asks until there is a place, as a client that is told to come back.</summary>
    private static async Task<(HttpStatusCode Status, JsonNode Body)> Retried(TestServer server)
    {
        while (true)
            if (await server.Post(TestServer.Asking("a")) is { Status: not HttpStatusCode.TooManyRequests } answer) return answer;
    }

    private static async Task<string> Streaming(TestServer server, int tokens)
    {
        string body = TestServer.Asking("a", $"\"max_tokens\":{tokens},\"stream\":true");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await server.Http.PostAsync("/v1/chat/completions", content);
        return await answer.Content.ReadAsStringAsync();
    }

    private sealed class ChunkedContent : HttpContent
    {
        private readonly byte[] _body;

        public ChunkedContent(string body)
        {
            _body = Encoding.UTF8.GetBytes(body);
            Headers.ContentType = new("application/json");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(_body).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
