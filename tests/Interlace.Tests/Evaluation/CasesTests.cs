using System.Text.Json.Nodes;

namespace Interlace.Tests.Evaluation;

public class CasesTests
{
    private static readonly Dictionary<string, int> Covered = new()
    {
        ["mcq"] = 217, ["circular_group"] = 33, ["yorn"] = 75, ["vqa_score"] = 75, ["vqa_normalize"] = 36, ["relaxed_accuracy"] = 77, ["ocrbench"] = 82,
        ["anls"] = 62, ["mia_parse"] = 35, ["aggregate"] = 34, ["tsv_prompt"] = 13, ["mcq_judge_prompt"] = 3, ["yorn_judge_prompt"] = 1, ["mia_judge_prompt"] = 5,
    };

    [Fact]
    public void Every_case_has_a_type_that_some_test_checks()
    {
        Shared.Require("eval-cases");
        Assert.All(Cases.All, c => Assert.Contains((string)c["type"]!, Covered.Keys));
        Assert.All(Covered, type => Assert.True(Cases.All.Count(c => (string)c["type"]! == type.Key) >= type.Value, $"fewer than {type.Value} cases of type {type.Key}"));
        Assert.True(Cases.All.Count >= 748);
        Assert.Equal(Cases.All.Count, Cases.All.Select(c => (string)c["id"]!).Distinct().Count());
    }
}
