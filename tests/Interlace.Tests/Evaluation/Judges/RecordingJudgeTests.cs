using Interlace.Evaluation.Judges;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Judges;

public sealed class RecordingJudgeTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_replied_is_never_asked_again_and_needs_no_server()
    {
        string path = _scratch.At("judge.jsonl");
        EvaluationOptions options;
        using (LocalServer server = new((number, _) => LocalServer.Says($"reply {number}")))
        {
            options = new(Judge: "endpoint", JudgeEndpoint: server.Address, JudgeModel: "m");
            using var judge = RecordingJudge.Open(options, path)!;
            Assert.Equal("reply 1", (await judge.Ask(new("q", []), Cancellation)).Text);   // reply 0 was to the greeting
            Assert.Equal("reply 1", (await judge.Ask(new("q", []), Cancellation)).Text);
            Assert.Equal("reply 2", (await judge.Ask(new("q", [], Attempt: 1), Cancellation)).Text);
            Assert.Equal("reply 3", (await judge.Ask(new("q", [[1]]), Cancellation)).Text);
            Assert.Equal(4, server.Requests.Count);
            Assert.Equal("hello", (string)server.Requests.First().Body["messages"]![0]!["content"]!);
        }
        foreach (string kind in new[] { "endpoint", "replay" })
        {
            using var again = RecordingJudge.Open(options with { Judge = kind, JudgeModel = kind == "replay" ? null : "m" }, path)!;
            Assert.Equal("m", again.Model);
            Assert.Equal("reply 2", (await again.Ask(new("q", [], Attempt: 1), Cancellation)).Text);
            Assert.Equal("reply 3", (await again.Ask(new("q", [[1]]), Cancellation)).Text);
        }
        using var replay = RecordingJudge.Open(new(Judge: "replay", JudgeReplies: path), "unused")!;
        Assert.Contains("no recorded reply", (await replay.Ask(new("another", []), Cancellation)).Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_judge_that_fails_its_trial_is_unavailable_and_asked_only_once()
    {
        using LocalServer server = new((_, _) => new(401, ""));
        using var judge = RecordingJudge.Open(new(Judge: "endpoint", JudgeEndpoint: server.Address, JudgeModel: "m"), _scratch.At("judge.jsonl"))!;
        foreach (string question in new[] { "a", "b" })
            Assert.Contains("401", (await Assert.ThrowsAsync<JudgeUnavailableException>(() => judge.Ask(new(question, []), Cancellation))).Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task After_five_calls_in_a_row_that_failed_with_all_their_retries_nothing_more_is_asked()
    {
        // A greeting; then four questions of five tries each that fail, one that is answered, one that is refused for what it asks, and nothing but failures from there.
        const int tries = 5, first = 1 + 4 * tries;
        using LocalServer server = new((number, _) => number is 0 or first ? LocalServer.Says("fine") : number == first + 1 ? new(413, "too large") : new(503, "busy"));
        using var judge = RecordingJudge.Open(new(Judge: "endpoint", JudgeEndpoint: server.Address, JudgeModel: "m"), _scratch.At("judge.jsonl"), pause: TimeSpan.FromMilliseconds(1))!;
        for (int i = 0; i < 6 + RecordingJudge.MostFailures; i++)
        {
            Assert.Null(judge.Outage);
            Assert.Equal(i == 4, (await judge.Ask(new($"{i}", []), Cancellation)).Text is not null);
        }
        Assert.Equal("503 ServiceUnavailable, 5 times", judge.Outage);
        int asked = server.Requests.Count;
        Assert.Equal(first + 2 + RecordingJudge.MostFailures * tries, asked);
        var reply = await judge.Ask(new("another", []), Cancellation);
        Assert.Equal((null, judge.Outage, true), (reply.Text, reply.Failure, reply.IsOutage));
        Assert.Equal("fine", (await judge.Ask(new("4", []), Cancellation)).Text);   // recorded
        Assert.Equal(asked, server.Requests.Count);
    }

    [Fact]
    public async Task Equal_questions_in_flight_share_one_call()
    {
        using LocalServer server = new(async (number, _) => { await Task.Delay(50, Cancellation); return LocalServer.Says($"{number}"); });
        using var judge = RecordingJudge.Open(new(Judge: "endpoint", JudgeEndpoint: server.Address, JudgeModel: "m"), _scratch.At("judge.jsonl"))!;
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => judge.Ask(new("q", []), Cancellation)));
        Assert.All(replies, reply => Assert.Equal("1", reply.Text));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public void A_line_that_was_cut_off_is_dropped_and_anything_else_is_refused()
    {
        string path = _scratch.At("judge.jsonl");
        string line = """{"model":"m","sha256":"ab","attempt":0,"temperature":0,"reply":"A"}""";
        File.WriteAllText(path, $"{line}\n{line[..20]}");
        using (var file = RepliesFile.Open(path)) Assert.Equal(("A", null), (file.Find("ab", 0), file.Find("ab", 1)));
        Assert.Equal(line + "\n", File.ReadAllText(path));
        File.WriteAllText(path, "what\n");
        Assert.Contains("judge's replies", Assert.Throws<InputException>(() => RepliesFile.Open(path)).Message, StringComparison.Ordinal);
        Assert.Contains("judge's replies", Assert.Throws<InputException>(() => RepliesFile.Read(path)).Message, StringComparison.Ordinal);
        Assert.Contains("no file", Assert.Throws<InputException>(() => RepliesFile.Read(path + "x")).Message, StringComparison.Ordinal);
        File.WriteAllText(path, $"{line}\n{line.Replace("\"m\"", "\"n\"", StringComparison.Ordinal)}\n");
        Assert.Contains("m, n", Assert.Throws<InputException>(() => RecordingJudge.Open(new(Judge: "replay"), path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hash_depends_on_model_prompt_and_images_and_on_where_one_ends()
    {
        string[] hashes = [new JudgeRequest("ab", []).Sha256("m"), new JudgeRequest("b", []).Sha256("ma"), new JudgeRequest("a", ["b"u8.ToArray()]).Sha256("m"), new JudgeRequest("ab", []).Sha256("n")];
        Assert.Equal(4, hashes.Distinct().Count());
        Assert.Equal(hashes[0], new JudgeRequest("ab", [], 3, 2).Sha256("m"));
    }
}
