using System.Text.Json.Nodes;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation.Judges;

namespace Interlace.Tests.Cases;

/// <summary>An experiment that somebody else wrote names the judge's address: it may not choose whose key goes there.</summary>
public sealed class JudgeKeyEnvTests : IDisposable
{
    private const string Foreign = "SOMEBODYS_TOKEN_OF_A_TEST", Own = "INTERLACE_TEST_OWN_KEY";

    private readonly ScratchFolder _scratch = new();

    static JudgeKeyEnvTests()
    {
        Environment.SetEnvironmentVariable(Foreign, "ghp-verysecret");
        Environment.SetEnvironmentVariable(Own, "our-key");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_file_may_name_only_variables_of_this_program()
    {
        using LocalServer server = new((_, _) => LocalServer.Says("Yes"));
        string experiment = Experiment(server, Foreign);
        foreach (string[] command in new string[][] { ["score", Predictions(), "--kind", "yes-no", "--config", experiment, "--out",
            _scratch.At("o")], ["run", experiment, "--out", _scratch.At("o")] })
        {
            string sentence = CommandRun.Of(command).Refusal();
            Assert.Contains("evaluate.judge_key may name only variables that begin with INTERLACE_", sentence, StringComparison.Ordinal);
            Assert.DoesNotContain(Foreign, sentence, StringComparison.Ordinal);   // it could be a key that was put in the wrong place
        }
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(Own, "our-key"), InlineData(Foreign, "ghp-verysecret")]
    public void The_command_line_may_name_any_and_what_goes_where_is_said_before_the_first_question(string variable, string key)
    {
        using LocalServer server = new((_, _) => LocalServer.Says("Yes"));
        string[] named = variable == Own
            ? ["--config", Experiment(server, Own)] : ["--config", Experiment(server, null), "--set", $"evaluate.judge_key={variable}"];
        var run = CommandRun.Of(["score", Predictions(), "--kind", "yes-no", .. named, "--out", _scratch.At("o")]);
        Assert.Equal(0, run.Code);
        Assert.All(server.Requests, request => Assert.Contains($"Bearer {key}", request.Head, StringComparison.Ordinal));
        Assert.StartsWith($"The judge m is asked at {server.Address[..^3]}, with the key in the variable {variable}.", run.Error,
            StringComparison.Ordinal);
        Assert.DoesNotContain(key, run.Out + run.Error, StringComparison.Ordinal);
        // Scoring again asks nothing, so nothing is said.
        Assert.DoesNotContain("is asked at",
            CommandRun.Of(["score", Predictions(), "--kind", "yes-no", .. named, "--out", _scratch.At("o")]).Error,
            StringComparison.Ordinal);
    }

    private string Predictions()
    {
        File.WriteAllLines(_scratch.At("p.jsonl"), Enumerable.Range(0, 3).Select(i => $$"""{"index": {{i}}, "prediction": "hmm hard to say {{i}}", "question": "Is it red?", "answer": "Yes"}"""));
        return _scratch.At("p.jsonl");
    }

    private string Experiment(LocalServer server, string? key)
    {
        JsonObject evaluate = new() { ["judge"] = "endpoint", ["judge_endpoint"] = server.Address, ["judge_model"] = "m" };
        if (key is not null) evaluate["judge_key"] = key;
        File.WriteAllText(_scratch.At("experiment.json"), new JsonObject { ["evaluate"] = evaluate }.ToJsonString());
        return _scratch.At("experiment.json");
    }
}
