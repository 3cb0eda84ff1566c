using System.Text.Json.Nodes;
using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class PlanFileTests
{
    private static readonly Evidence Twelve = new(12)
    {
        LayerSimilarity = [0.1, 0.2, 0.9, 0.8, 0.7, 0.6, 0.95, 0.94, 0.93, 0.3, 1.0 / 3, double.NaN],
        TripletSimilarity = [0.1, 0.5, 0.9, 0.2, 0.3, 0.4, 0.8, 0.7, 0.1, 0.1],
        ProtectedLayers = 2,
        Seed = 3,
    };

    private static readonly PruningPlan Plan = Methods.Plan("ordered", Twelve, 0.25, model: new("c0", "d1", new Dictionary<string, long> { ["model.safetensors"] = 123 }));

    [Fact]
    public void A_plan_survives_writing_and_reading_with_the_same_bytes()
    {
        string json = PlanFile.ToJson(Plan);
        var read = PlanFile.Parse(json, "plan.json");
        Assert.Equal(json, PlanFile.ToJson(read));
        Assert.Equal((Plan.LayerCount, string.Join(' ', Plan.Drop), string.Join(' ', Plan.Tune)), (read.LayerCount, string.Join(' ', read.Drop), string.Join(' ', read.Tune)));
        Assert.Equal(Twelve.LayerSimilarity, read.Origin.LayerSimilarity);
        Assert.Null(read.Origin.Model!.DifferenceFrom(Plan.Origin.Model!));
        Assert.Equal(Plan.Origin.Choices[0].Reason, read.Origin.Choices[0].Reason);
    }

    [Fact]
    public void The_file_is_readable_and_states_both_numberings()
    {
        string json = PlanFile.ToJson(Plan);
        Assert.Contains("\"format\": \"interlace-plan/1\",\n  \"created_by\": \"interlace ", json);
        Assert.Contains("\"drop\": {\n    \"original\": [2, 6, 9]\n  }", json);
        Assert.Contains("\"tune\": {\n    \"original\": [3, 7, 10],\n    \"new\": [2, 5, 7]\n  }", json);
        Assert.Contains("0.3333333333333333, null]", json);
        Assert.DoesNotContain("\\u", json);
        Assert.DoesNotContain('\r', json);
    }

    [Fact]
    public void A_plan_made_by_hand_can_be_saved_and_loaded()
    {
        using var scratch = new ScratchFolder();
        PlanFile.Save(PruningPlan.Create(4, [1], []), scratch.At("plan.json"));
        Assert.Equal([1], PlanFile.Load(scratch.At("plan.json")).Drop);
        Assert.Equal(["plan.json"], scratch.Entries());
        Assert.Contains("There is no plan", Assert.Throws<PlanException>(() => PlanFile.Load(scratch.At("other.json"))).Message);
    }

    public static TheoryData<string, string> Faults() => new()
    {
        { "format", "\"interlace-plan/2\"" }, { "format", "null" }, { "extra", "1" }, { "layers", "13" }, { "layers", "0" }, { "layers", "\"12\"" }, { "seed", "1.5" },
        { "drop", """{"original": [2, 6, 6]}""" }, { "drop", """{"original": [6, 2, 9]}""" }, { "drop", """{"original": [2, 6]}""" }, { "drop", """{"original": 2}""" }, { "drop", """{"original": [2, 6, null]}""" },
        { "tune", """{"original": [3, 7, 10], "new": [2, 5, 8]}""" }, { "tune", """{"original": [3, 7], "new": [2, 5]}""" }, { "tune", """{"original": [3, 7, 9], "new": [2, 5, 6]}""" },
        { "freeze", """{"original": [], "new": []}""" }, { "keep", """{"original": [0], "new": [0]}""" },
        { "settings", """{"method": "", "ratio": 0.25, "selection": "greedy", "tokens": "all", "protected_layers": 2}""" },
        { "settings", """{"method": "ordered", "ratio": 0.5, "selection": "greedy", "tokens": "all", "protected_layers": 2}""" },
        { "settings", """{"method": "ordered", "ratio": 2, "selection": "greedy", "tokens": "all", "protected_layers": 2}""" },
        { "settings", """{"method": "ordered", "ratio": 0.25, "selection": "Greedy", "tokens": "all", "protected_layers": 2}""" },
        { "settings", """{"method": "ordered", "ratio": 0.25, "selection": "greedy", "tokens": "some", "protected_layers": 2}""" },
        { "settings", """{"method": "ordered", "ratio": 0.25, "selection": "greedy", "tokens": "all", "protected_layers": 3}""" },
        { "settings", """{"method": "ordered", "ratio": 0.25, "selection": "greedy", "tokens": "all"}""" },
        { "layer_similarity", "[0.5]" }, { "triplet_similarity", "[0.5]" }, { "triplet_similarity", "[\"a\"]" },
        { "choices", """[{"layers": [2, 3, 4], "drop": [3], "tune": [2], "score": 0.9, "reason": ""}]""" },
        { "choices", """[{"layers": [2, 3, 40], "drop": [], "tune": [], "score": 0.9, "reason": ""}]""" },
        { "choices", "null" }, { "warnings", "null" }, { "inputs", """{"config_sha256": "c0"}""" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void A_wrong_entry_is_refused(string entry, string value)
    {
        var json = JsonNode.Parse(PlanFile.ToJson(Plan))!.AsObject();
        json[entry] = JsonNode.Parse(value);
        string message = Assert.Throws<PlanException>(() => PlanFile.Parse(json.ToJsonString(), "some.json")).Message;
        Assert.StartsWith("some.json is no valid plan: ", message);
    }

    [Fact]
    public void A_missing_or_repeated_entry_and_text_that_is_no_json_are_refused()
    {
        string json = PlanFile.ToJson(Plan);
        foreach (string entry in JsonNode.Parse(json)!.AsObject().Select(pair => pair.Key).ToArray())
        {
            var less = JsonNode.Parse(json)!.AsObject();
            less.Remove(entry);
            Assert.Throws<PlanException>(() => PlanFile.Parse(less.ToJsonString(), "some.json"));
        }
        Assert.Throws<PlanException>(() => PlanFile.Parse(json.Replace("\"seed\": 3,", "\"seed\": 3, \"seed\": 3,"), "some.json"));
        foreach (string text in new[] { "", "null", "[]", "{", json[..^5] }) Assert.Throws<PlanException>(() => PlanFile.Parse(text, "some.json"));
    }
}
