using System.Text.Json.Nodes;
using Interlace.Tests.Cli;
using Interlace.Tests.Families;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Tests;

/// <summary>Which tokens end an answer, by the files of a folder.</summary>
public sealed class LoadedModelTests : IDisposable
{
    private const string Settings = "generation_config.json", Config = "config.json", Key = "eos_token_id";

    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Families => [.. FamilyGoldens.Names];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void An_answer_ends_at_the_tokens_that_the_folder_names() =>
        EndsWhereTheFolderSays(_scratch.Copy(TinyCheckpoints.Tied, "model"));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void An_answer_ends_at_the_tokens_that_the_folder_of_every_family_names_in_both_layouts(string family)
    {
        EndsWhereTheFolderSays(_scratch.Copy(FamilyGoldens.PathOf(family, FamilyGoldens.Published), "published"));
        EndsWhereTheFolderSays(FamilyGoldens.InNewerLayout(family, _scratch));
    }

    /// <summary>A list or a single token in generation_config.json, else in config.json; without any the model is refused.</summary>
    private static void EndsWhereTheFolderSays(string folder)
    {
        Assert.Equal(Ids(StrictJson.ReadObject(Path.Combine(folder, Settings))[Key]), Stops(folder));
        int[] free = Answer(folder).Ids;
        // Any token that the model writes can be made the last.
        foreach (JsonNode stop in new JsonNode[] { free[1], new JsonArray(0, free[2]) })
        {
            Edit(folder, Settings, settings => settings[Key] = stop);
            int last = Array.FindIndex(free, Ids(stop).Contains);
            var (ids, reason) = Answer(folder);
            Assert.Equal("stop", reason);
            Assert.Equal(free[..(last + 1)], ids);
        }

        Edit(folder, Settings, settings => settings.Remove(Key));
        var config = StrictJson.ReadObject(Path.Combine(folder, Config));
        if ((config[Key] ?? config["text_config"]?[Key]) is { } own) Assert.Equal(Ids(own), Stops(folder));
        Edit(folder, Config, all =>
        {
            all.Remove(Key);
            (all["text_config"] as JsonObject)?.Remove(Key);
        });
        Assert.Contains(Key, Assert.Throws<InputException>(() => Stops(folder)).Message, StringComparison.Ordinal);
    }

    private static (int[] Ids, string Reason) Answer(string folder)
    {
        var run = CommandRun.Of("generate", folder, "What is this?", "--max-new-tokens", "4",
            "--device", "cpu", "--dtype", "fp32", "--quiet", "--json");
        Assert.True(run.Code == 0, run.Error);
        return (Ids(run.Json()["new_ids"]), (string)run.Json()["finish_reason"]!);
    }

    private static IReadOnlyList<int> Stops(string folder)
    {
        using var loaded = LoadedModel.Open(folder, CPU, ScalarType.Float32);
        return loaded.StopIds;
    }

    private static int[] Ids(JsonNode? node) => node is JsonArray many ? [.. many.Select(id => (int)id!)] : [(int)node!];

    private static void Edit(string folder, string name, Action<JsonObject> change)
    {
        string path = Path.Combine(folder, name);
        var json = StrictJson.ReadObject(path);
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
