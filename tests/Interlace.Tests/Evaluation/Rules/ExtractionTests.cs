using System.Text.Json.Nodes;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;

namespace Interlace.Tests.Evaluation.Rules;

/// <summary>What is taken out of single answers, case by case.</summary>
[Trait("Category", "Golden")]
public class ExtractionTests
{
    public static TheoryData<string> Choices => Cases.Ids("mcq");
    public static TheoryData<string> Groups => Cases.Ids("circular_group");
    public static TheoryData<string> YesNos => Cases.Ids("yorn");
    public static TheoryData<string> VqaScores => Cases.Ids("vqa_score");
    public static TheoryData<string> Normalizations => Cases.Ids("vqa_normalize");
    public static TheoryData<string> Relaxations => Cases.Ids("relaxed_accuracy");
    public static TheoryData<string> Containments => Cases.Ids("ocrbench");
    public static TheoryData<string> EditDistances => Cases.Ids("anls");
    public static TheoryData<string> Replies => Cases.Ids("mia_parse");

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Choices))]
    public void A_choice_is_extracted_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        BenchmarkRow row = Cases.Row(c);
        foreach (RuleSet rules in Enum.GetValues<RuleSet>())
        {
            JsonNode expected = c.Expected(rules);
            Assert.Equal(expected.Text("extracted"), MultipleChoice.Extract(c.Text("prediction")!, row.Options, rules)?.ToString());
            RowScore scored = Assert.Single(ChoiceScores.Vanilla([new(row, c.Text("prediction")!)], rules).Rows);
            Assert.Equal((double)expected["hit"]!, scored.Value);
            Assert.Equal(expected.Text("option"), scored.Extracted ?? "Z");
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Groups))]
    public void A_group_of_rotations_is_scored_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        Prediction[] rows = [.. c["rows"]!.AsArray().Select(row => new Prediction(Cases.Row(row!.AsObject()), row.Text("prediction")!))];
        foreach (RuleSet rules in Enum.GetValues<RuleSet>())
        {
            JsonNode expected = c.Expected(rules);
            Score score = ChoiceScores.Circular(rows, rules);
            Assert.Equal(100 * (double)expected["hit"]!, score.Percent);
            Assert.Equal(expected["extracted"]!.AsArray().Select(letter => (string?)letter), score.Rows.Select(row => row.Extracted));
            Assert.Single(score.Units);
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(YesNos))]
    public void Yes_or_no_is_extracted_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        Assert.Equal(c["expected"].Text("extracted"), YesNo.Extract(c.Text("prediction")!));
        Assert.Equal((bool)c["expected"]!["score"]! ? 1 : 0, Assert.Single(YesNo.Score([new(Cases.Row(c), c.Text("prediction")!)]).Rows).Value);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(VqaScores))]
    public void Vqa_accuracy_is_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        Assert.Equal((double)c["expected"]!["score"]!, ShortAnswer.Vqa(c.Text("prediction")!, c.Text("answer")!), 1e-9);
        Assert.Equal(c["expected"].Text("pred_norm"), ShortAnswer.Normalize(c.Text("prediction")!));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Normalizations))]
    public void Answers_are_normalised_as_published(string id) => Assert.Equal(Cases.Case(id)["expected"].Text("text"), ShortAnswer.Normalize(Cases.Case(id).Text("prediction")!));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Relaxations))]
    public void Relaxed_accuracy_is_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        Assert.Equal((double)c["expected"]!["score"]!, ShortAnswer.Relaxed(c.Text("prediction")!, c.Text("answer")!), 1e-9);
        Assert.Equal(c["expected"]!["match"]!.AsArray().Select(match => (bool)match!), ShortAnswer.Answers(c.Text("answer")!).Select(answer => ShortAnswer.MatchesRelaxed(c.Text("prediction")!, answer)));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Containments))]
    public void Containment_is_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        Assert.Equal((int)c["expected"]!["score"]! == 1, Ocr.Contains(c.Text("prediction")!, c.Text("answer")!, c.Text("category")));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(EditDistances))]
    public void Edit_distances_are_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        Assert.Equal((double)c["expected"]!["score"]!, ShortAnswer.Anls(c.Text("prediction")!, c.Text("answer")!), 1e-9);
        double[] distances = [.. ShortAnswer.Answers(c.Text("answer")!).Select(answer => ShortAnswer.EditDistance(c.Text("prediction")!, answer))];
        Assert.Equal(c["expected"]!["nld"]!.AsArray().Count, distances.Length);
        Assert.All(c["expected"]!["nld"]!.AsArray(), (expected, i) => Assert.Equal((double)expected!, distances[i], 1e-9));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Replies))]
    public void A_judges_reply_is_read_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        IReadOnlyDictionary<string, double>? scores = Judge.Parse(c.Text("prediction")!, c.Text("component_type")!);
        Assert.Equal((bool)c["expected"]!["parsed"]!, scores is not null);
        if (scores is null) return;
        Assert.Equal(c["expected"]!["scores"]!.AsObject().Select(score => score.Key).Order(), scores.Keys.Order());
        Assert.All(c["expected"]!["scores"]!.AsObject(), score => Assert.Equal((double)score.Value!, scores[score.Key], 1e-9));
    }
}
