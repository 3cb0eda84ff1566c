using Interlace.Evaluation.Scoring;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Cases;

/// <summary>A score that no model could change is no score: refused before a question is asked, or said beside the number.</summary>
public sealed class AnswersNobodyCanMatchTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string, string, string?> Rows => new()
    {
        // kind, answers separated by |, the warning
        { "yes-no", "Yes|No", null },
        { "yes-no", "Yes|no|NO", "Mine: 2 of 3 answers are neither Yes nor No, first 'no' in row 1; no answer to them is right." },
        { "yes-no", "True|False", "Mine: 2 of 2 answers are neither Yes nor No, first 'True' in row 0; no answer to them is right." },
        { "choice", "A|B", null },
        { "choice", "a|B", "Mine: 1 of 2 answers are no letter of an option of their row, first 'a' in row 0; no answer to them is right." },
        { "choice", "a cat|D", "Mine: 2 of 2 answers are no letter of an option of their row, first 'a cat' in row 0; no answer to them is right." },
        { "cycle", "A|Z", "Mine: 1 of 2 answers are no letter of an option of their row, first 'Z' in row 1; no answer to them is right." },
        { "circular", "A|C", "Mine: 1 of 2 answers are no letter of an option of their row, first 'C' in row 1; no answer to them is right." },
        { "vqa", "['a', 'b']|['c', 'c']", null },
        { "vqa", "nokia|['a', 'a']|['b']",
        "Mine: 2 of 3 answers are no list of two answers or more, which this rule needs, first 'nokia' in row 0; no answer to them is right." },
        { "relaxed", "14 %|Mexico|[2007, 2008]|0", null },
        { "relaxed", "inf|['x']", "Mine: 1 of 2 answers are equal to no text that a model can give, first 'inf' in row 0; no answer to them is right." },
        { "anls", "hello|['a']", null },
        { "anls", "[]|b", "Mine: 1 of 2 answers are equal to no text that a model can give, first '[]' in row 0; no answer to them is right." },
        { "contains", "['CENTRE']|12", null },
        { "contains", "[]|b", "Mine: 1 of 2 answers are equal to no text that a model can give, first '[]' in row 0; no answer to them is right." },
        { "contains", "['']|b", "Mine: 1 of 2 right answers allow an empty text, which stands in every answer: all answers to them are right." },
        { "yes-no", "Yes||No", "Mine: 1 of 3 right answers are empty; no answer to them is right." },
    };

    public void Dispose() => _scratch.Dispose();

    [Theory, MemberData(nameof(Rows))]
    public void Right_answers_that_cannot_be_met_are_counted_with_an_example(string kind, string answers, string? warning)
    {
        string[] cells = answers.Split('|');
        string path = _scratch.At("Mine.tsv");
        File.WriteAllLines(path, ["index\tquestion\tA\tB\tanswer", .. cells.Select((cell, i) => $"{i}\tWhich {i}?\ta cat\ta dog\t{cell}")]);
        File.WriteAllLines(_scratch.At("Mine.jsonl"), cells.Select((_, i) => $$"""{"index": {{i}}, "prediction": "Yes"}"""));
        var run = CommandRun.Of("score", _scratch.At("Mine.jsonl"), "--kind", kind, "--table", path, "--json", "--out", _scratch.At("o"));
        Assert.Equal((0, warning is null ? "" : warning + "\n"), (run.Code, run.Error));
        Assert.Equal(warning is null ? null : [warning], ScoresFile.Load(_scratch.At("o", ScoresFile.Name)).Warnings);
    }

    [Theory]
    [InlineData("t-noans", "Mine.tsv has no column answer"), InlineData("c-noans", "Pick.tsv has no column answer"),
        InlineData("c-ans", "Pick.tsv has no column answer")]
    public void A_table_without_right_answers_is_refused_before_a_question_is_asked(string folder, string sentence)
    {
        var run = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", Shared.Require("cases", "answers-nobody-can-match", folder),
            "--out", _scratch.At("o"));
        Assert.Contains(sentence, run.Refusal(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch.At("o", "predictions")));
    }

    [Theory]
    [InlineData("t-lower", "Mine: 8 of 8 answers are neither Yes nor No, first 'yes'"),
        InlineData("c-lower", "Pick: 8 of 8 answers are no letter of an option of their row, first '"),
        InlineData("t-halfans", "Mine: 4 of 8 right answers are empty")]
    public void Answers_that_cannot_be_met_are_said_before_the_first_question_and_beside_the_score(string folder, string warning)
    {
        var run = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", Shared.Require("cases", "answers-nobody-can-match", folder),
            "--out", _scratch.At("o"), "--set", "evaluate.max_new_tokens=2", "--dtype", "fp32");
        Assert.Equal(0, run.Code);
        Assert.StartsWith(warning, run.Error, StringComparison.Ordinal);
        Assert.Contains(warning, run.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains(ScoresFile.Load(_scratch.At("o", ScoresFile.Name)).Warnings!,
            said => said.StartsWith(warning, StringComparison.Ordinal));
        Assert.Contains(warning, CommandRun.Of("inspect", _scratch.At("o", ScoresFile.Name)).Out, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("report", _scratch.At("o"), "--out", _scratch.At("r")).Code);
        Assert.Contains(warning.Split(',')[0], File.ReadAllText(_scratch.At("r", "report.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t-plain"), InlineData("c-plain")]
    public void A_table_that_is_right_is_scored_in_silence(string folder)
    {
        var run = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", Shared.Require("cases", "answers-nobody-can-match", folder),
            "--out", _scratch.At("o"), "--set", "evaluate.max_new_tokens=8", "--dtype", "fp32", "--quiet");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.True(ScoresFile.Load(_scratch.At("o", ScoresFile.Name)).Average > 80);
    }

    [Fact]
    public void Predictions_that_carry_their_questions_need_right_answers_too()
    {
        File.WriteAllText(_scratch.At("p.jsonl"), """{"index": 0, "question": "q", "prediction": "Yes", "ans": "Yes"}""");
        Assert.Contains("p.jsonl has no column answer", CommandRun.Of("score", _scratch.At("p.jsonl"), "--kind", "yes-no").Refusal(),
            StringComparison.Ordinal);
        File.WriteAllText(_scratch.At("p.tsv"), "index\tquestion\tprediction\tanswer\n0\tq\tYes\t\n");
        Assert.Contains("p.tsv has no right answer: all 1 cells of its column answer are empty",
            CommandRun.Of("score", _scratch.At("p.tsv"), "--kind", "yes-no").Refusal(), StringComparison.Ordinal);
    }
}
