using Interlace.Evaluation.Judges;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Judges;

public class EndpointJudgeTests
{
    private const string Variable = "INTERLACE_TEST_ENDPOINT_KEY", Key = "secret-4f1c";

    static EndpointJudgeTests() => Environment.SetEnvironmentVariable(Variable, Key);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_question_is_sent_as_the_published_procedure_sends_it()
    {
        using LocalServer server = new((_, _) => LocalServer.Says("B"));
        using var judge = Judge(server);
        Assert.Equal(new JudgeReply("B"), await judge.Ask(new("which?", [], Temperature: 1.5), Cancellation));
        var request = Assert.Single(server.Requests);
        Assert.StartsWith("POST /v1/chat/completions HTTP/1.1", request.Head, StringComparison.Ordinal);
        Assert.Contains($"Authorization: Bearer {Key}", request.Head, StringComparison.Ordinal);
        Assert.Equal(("judge-1", 1.5, 2048, "user", "which?"), ((string)request.Body["model"]!, (double)request.Body["temperature"]!, (int)request.Body["max_tokens"]!,
            (string)request.Body["messages"]![0]!["role"]!, (string)request.Body["messages"]![0]!["content"]!));
    }

    [Fact]
    public async Task An_image_follows_the_text_in_low_detail()
    {
        using LocalServer server = new((_, _) => LocalServer.Says("fine"));
        using var judge = Judge(server);
        await judge.Ask(new("grade", [[0xFF, 0xD8, 1], [0x89, (byte)'P', 2]]), Cancellation);
        var content = Assert.Single(server.Requests).Body["messages"]![0]!["content"]!.AsArray();
        Assert.Equal(("text", "grade"), ((string)content[0]!["type"]!, (string)content[0]!["text"]!));
        Assert.Equal(["data:image/jpeg;base64,/9gB", "data:image/png;base64,iVAC"], content.Skip(1).Select(part => (string)part!["image_url"]!["url"]!));
        Assert.All(content.Skip(1), part => Assert.Equal("low", (string)part!["image_url"]!["detail"]!));
    }

    [Theory]
    [InlineData(401, 1), InlineData(400, 1), InlineData(302, 1), InlineData(429, 5), InlineData(503, 5)]
    public async Task A_refusal_is_final_and_a_busy_server_is_asked_five_times(int status, int calls)
    {
        using LocalServer server = new((_, _) => new(status, $"your key {Key} is wrong", "Location: http://127.0.0.1:9/\r\n"));
        using var judge = Judge(server);
        var reply = await judge.Ask(new("x", []), Cancellation);
        Assert.Null(reply.Text);
        Assert.StartsWith($"{status} ", reply.Failure, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, reply.Failure, StringComparison.Ordinal);
        Assert.Equal(calls, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_was_busy_or_hung_up_is_asked_again()
    {
        using LocalServer server = new((number, _) => number switch { 0 => new(429, "", "Retry-After: 0\r\n"), 1 => null, 2 => new(200, "<html>"), 3 => new(200, "{\"choices\": []}"), _ => LocalServer.Says("A") });
        using var judge = Judge(server);
        Assert.Equal("A", (await judge.Ask(new("x", []), Cancellation)).Text);
        Assert.Equal(5, server.Requests.Count);
    }

    [Theory]
    [InlineData("nonsense", "no chat completion"), InlineData("{\"choices\": [{\"message\": {\"content\": 3}}]}", "no chat completion"), InlineData("[]", "no chat completion"), InlineData("{}", "holds no text")]
    public async Task Nonsense_is_a_failure_with_its_reason(string body, string reason)
    {
        using LocalServer server = new((_, _) => new(200, body));
        using var judge = Judge(server);
        Assert.Contains(reason, (await judge.Ask(new("x", []), Cancellation)).Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_time_is_given_up()
    {
        TaskCompletionSource never = new();
        using LocalServer server = new(async (_, _) => { await never.Task; return null; });
        using var judge = Judge(server, timeout: 0.05);
        Assert.Contains("no answer within 0.05 s", (await judge.Ask(new("x", []), Cancellation)).Failure, StringComparison.Ordinal);
        never.SetResult();
    }

    [Fact]
    public async Task A_server_that_hangs_up_or_is_not_there_is_a_failure()
    {
        string address;
        using (LocalServer server = new((_, _) => (LocalServer.Answer?)null))
        {
            using var judge = Judge(server);
            Assert.Contains("no connection", (await judge.Ask(new("x", []), Cancellation)).Failure, StringComparison.Ordinal);
            address = server.Address;
        }
        using EndpointJudge alone = new(new(JudgeEndpoint: address, JudgeModel: "m"), TimeSpan.Zero);
        Assert.Contains("no connection", (await alone.Ask(new("x", []), Cancellation)).Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interruption_is_thrown()
    {
        using CancellationTokenSource source = new();
        using LocalServer server = new(async (_, _) => { await source.CancelAsync(); return null; });
        using var judge = Judge(server);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => judge.Ask(new("x", []), source.Token));
    }

    [Fact]
    public async Task A_key_that_the_server_repeats_is_taken_out()
    {
        using LocalServer server = new((_, _) => LocalServer.Says($"You said {Key}. B"));
        using var judge = Judge(server);
        Assert.Equal("You said [key]. B", (await judge.Ask(new("x", []), Cancellation)).Text);
    }

    [Theory]
    [InlineData(null, "m", "address"), InlineData("http://localhost/v1", null, "model"), InlineData("http://u:secret-4f1c@localhost/v1", "m", "user name"), InlineData("http://localhost/v1?key=secret-4f1c", "m", "query"),
     InlineData("ftp://localhost", "m", "http"), InlineData("localhost", "m", "http")]
    public void Incomplete_or_telltale_settings_are_refused(string? endpoint, string? model, string part)
    {
        string message = Assert.Throws<InputException>(() => new EndpointJudge(new(JudgeEndpoint: endpoint, JudgeModel: model))).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_no_header_can_carry_is_refused_unseen()
    {
        Environment.SetEnvironmentVariable("INTERLACE_TEST_BROKEN_KEY", "broken\u00e4key");
        string message = Assert.Throws<InputException>(() => new EndpointJudge(new(JudgeEndpoint: "http://localhost/v1", JudgeModel: "m", JudgeKey: "INTERLACE_TEST_BROKEN_KEY"))).Message;
        Assert.Contains("INTERLACE_TEST_BROKEN_KEY", message, StringComparison.Ordinal);
        Assert.DoesNotContain("broken\u00e4", message, StringComparison.Ordinal);
    }

    private static EndpointJudge Judge(LocalServer server, double timeout = 20) =>
        new(new(Judge: "endpoint", JudgeEndpoint: server.Address, JudgeModel: "judge-1", JudgeKey: Variable, JudgeTimeout: timeout), TimeSpan.FromMilliseconds(1));
}
