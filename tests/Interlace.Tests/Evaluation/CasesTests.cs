namespace Interlace.Tests.Evaluation;

[Trait("Category", "Golden")]
public class CasesTests
{
    private static readonly string[] Checked =
    [
        "mcq", "circular_group", "yorn", "vqa_score", "vqa_normalize", "relaxed_accuracy", "ocrbench", "anls", "mia_parse", "aggregate",
            "tsv_prompt", "mcq_judge_prompt", "yorn_judge_prompt", "mia_judge_prompt",
    ];

    [Fact]
    public void Every_case_has_a_name_of_its_own_and_a_type_that_some_test_checks()
    {
        Shared.Require("eval-cases");
        Assert.All(Cases.All, c => Assert.Contains((string)c["type"]!, Checked));
        Assert.Equal(Cases.All.Count, Cases.All.Select(c => (string)c["id"]!).Distinct().Count());
    }
}
