using CsCheck;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Rules;

public class ScorersTests
{
    private static readonly Gen<string> AnyText = Gen.OneOf(Gen.String, Gen.OneOf(new[] { "A", "B.", "yes", "No,", "3.5%", "['a', \"b\"]", "score of component 1: 4/5, total score: 7/10.", "\ud800", "İ", "1e999", ".", "1_0", "[", "%", "nan", "Σ" }.Select(Gen.Const).ToArray()),
        Gen.Char["AB yesno.,%:/[]'\"01"].Array[0, 30].Select(c => new string(c)));

    [Fact]
    public void No_scorer_throws_and_every_score_is_a_percentage() => Gen.Select(AnyText.Array[6].Array[1, 4], Gen.Bool, Gen.Bool).Sample((rows, judged, head) =>
    {
        Prediction[] predictions = [.. rows.Select((text, i) => new Prediction(new(
            [
                new("index", $"{i % 2 * 1_000_000 + i / 2}"), new("A", text[0]), new("B", i == 0 ? null : text[1]), new("answer", i == 3 ? null : text[2]), new("category", text[3]),
                new("cycle_category", $"cycle_{i % 2}"), new("question", "q"), new("component_type", text[4]), new("split", i == 1 ? "dev" : text[3]),
            ]), text[4], judged ? text[5] : null))];
        foreach (BenchmarkKind kind in Enum.GetValues<BenchmarkKind>())
        {
            Score score = Scores.Of(new("x", "x.tsv", kind, HeadlineSplit: "dev"), predictions, head ? RuleSet.August2026 : RuleSet.November2025);
            Assert.Equal(predictions.Length, score.Rows.Count);
            if (kind != BenchmarkKind.Judged) Assert.InRange(score.Percent!.Value, 0, 100);
            if (score.Percent is not { } percent) continue;
            Assert.True(score.PercentIfFailuresWereRight is not { } best || best >= percent);
            double[] sums = new double[score.Units.Max(unit => unit.Sums.Length)];
            foreach (SamplingUnit unit in score.Units)
                for (int i = 0; i < unit.Sums.Length; i++) sums[i] += unit.Sums[i];
            Assert.Equal(percent, Score.Headline(score.Rule, sums)!.Value, 1e-9);
        }
        string prediction = rows[0][0], answer = rows[0][1];
        ShortAnswer.Anls(prediction, answer);
        ShortAnswer.Normalize(prediction);
        Judge.Parse(prediction, answer);
    }, iter: 400);

    [Fact]
    public void No_rows_give_no_score()
    {
        foreach (BenchmarkKind kind in Enum.GetValues<BenchmarkKind>())
        {
            Score score = Scores.Of(new("x", "x.tsv", kind), []);
            Assert.Null(score.Percent);
            Assert.Empty(score.Rows);
            Assert.Null(score.ExtractionFailureRate);
        }
    }

    [Fact]
    public void Failures_are_wrong_unless_a_judge_reads_them()
    {
        BenchmarkRow Row(int i) => new([new("index", $"{i}"), new("A", "cat"), new("B", "dog"), new("answer", "B")]);
        Score alone = ChoiceScores.Vanilla([new(Row(1), "B"), new(Row(2), "an animal that barks"), new(Row(3), "A"), new(Row(4), "hm")]);
        Assert.Equal((25, 0.5, 75, 0), (alone.Percent, alone.ExtractionFailureRate, alone.PercentIfFailuresWereRight, alone.JudgeFailures));
        Assert.Equal([null, "B", null, "A"], new[] { alone.Rows[1].Extracted, alone.Rows[0].Extracted, alone.Rows[3].Extracted, alone.Rows[2].Extracted });
        Score asked = ChoiceScores.Vanilla([new(Row(1), "B", "A"), new(Row(2), "an animal that barks", "B"), new(Row(3), "A"), new(Row(4), "hm", "no letter")]);
        Assert.Equal((50, 0.5, 75, 1), (asked.Percent, asked.ExtractionFailureRate, asked.PercentIfFailuresWereRight, asked.JudgeFailures));
    }

    [Fact]
    public void A_judge_saves_a_group_of_rotations_only_with_the_right_letter()
    {
        BenchmarkRow Row(int index, string answer) => new([new("index", $"{index}"), new("A", "cat"), new("B", "dog"), new("answer", answer)]);
        double? Percent(string? reply) => ChoiceScores.Circular([new(Row(7, "A"), "A"), new(Row(1_000_007, "B"), "hm", reply)]).Percent;
        Assert.Equal((0, 100, 0, 0), (Percent(null), Percent("B"), Percent("A"), Percent("Z")));
    }

    [Fact]
    public void Unknown_counts_as_no_for_F1_and_as_wrong_for_accuracy()
    {
        BenchmarkRow Row(int i, string answer, string? category) => new([new("index", $"{i}"), new("answer", answer), new("category", category)]);
        Score score = YesNo.Score([new(Row(1, "Yes", "a,b"), "Yes"), new(Row(2, "Yes", "a"), "maybe"), new(Row(3, "No", "b"), "maybe"), new(Row(4, "No", null), "No")]);
        Assert.Equal((80, 60, 100, 66.667), (Math.Round(score.SubScores["Overall"], 3), score.SubScores["acc"], score.SubScores["precision"], Math.Round(score.SubScores["recall"], 3)));
        Assert.Equal((66.667, 100), (Math.Round(score.SubScores["a"], 3), score.SubScores["b"]));
        Assert.Equal((0.5, 100), (score.ExtractionFailureRate, score.PercentIfFailuresWereRight));
    }

    [Fact]
    public void The_headline_counts_one_split_where_the_benchmark_names_one()
    {
        Prediction Answer(int i, string split, string text) => new(new([new("index", $"{i}"), new("A", "cat"), new("B", "dog"), new("answer", "A"), new("split", split), new("category", "c")]), text);
        Prediction[] predictions = [Answer(1, "dev", "A"), Answer(2, "test", "B"), Answer(3, "test", "A")];
        Assert.Equal(100, ChoiceScores.Vanilla(predictions, headlineSplit: "dev").Percent);
        Score all = ChoiceScores.Vanilla(predictions);
        Assert.Equal((66.667, 100, 50, 50), (Math.Round(all.Percent!.Value, 3), all.SubScores["dev"], all.SubScores["test"], all.SubScores["test/c"]));
    }

    [Fact]
    public void Circular_indices_must_be_integers() => Assert.Throws<InputException>(() => ChoiceScores.Circular([new(new([new("index", "a1"), new("answer", "A")]), "A")]));

    [Fact]
    public void A_part_of_OCRBench_is_a_percentage_with_a_note()
    {
        BenchmarkRow Row(int i) => new([new("index", $"{i}"), new("answer", "['a']"), new("category", "Digit String Recognition")]);
        Score score = Ocr.Score([new(Row(1), "a"), new(Row(2), "b")]);
        Assert.Equal((50, 1, 0.1, 50, 1), (score.Percent, score.SubScores["Final Score"], score.SubScores["Final Score Norm"], score.SubScores["Text Recognition"], score.SubScores["Text Recognition/count"]));
        Assert.Contains("2 rows", score.Note);
        Assert.Null(Ocr.Score([.. Enumerable.Range(0, 1000).Select(i => new Prediction(Row(i), "a"))]).Note);
    }

    [Fact, Trait("Category", "Golden")]
    public void The_word_tables_are_the_published_ones()
    {
        System.Text.Json.Nodes.JsonNode tables = Shared.Json("eval-cases", "vqa-tables.json");
        Assert.Equal(tables["contractions"]!.AsObject().ToDictionary(word => word.Key, word => (string)word.Value!), VqaWords.Contractions);
        Assert.Equal(tables["number_words"]!.AsObject().ToDictionary(word => word.Key, word => (string)word.Value!), VqaWords.Numbers);
        Assert.Equal(tables["articles"]!.AsArray().Select(word => (string)word!).Order(), VqaWords.Articles.Order());
    }
}
