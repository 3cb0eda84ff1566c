using System.Text.Json.Nodes;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Tests.Images;

namespace Interlace.Tests.Cli;

public sealed class GenerateCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    /// <summary>Every recorded answer to a single question of one user message.</summary>
    public static TheoryData<string, string> Questions =>
        [.. Goldens.Samples.Where(sample => Recorded(sample.Checkpoint, sample.Sample)
        && Ask(sample.Checkpoint, sample.Sample) is not null)];

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Questions)), Trait("Category", "Golden")]
    public void An_answer_from_files_alone_equals_the_reference(string checkpoint, string sample)
    {
        JsonNode greedy = Goldens.Recorded("generation", checkpoint), expected = greedy["greedy"]![sample]!;
        string[] arguments = ["generate", Goldens.PathOf(checkpoint), .. Ask(checkpoint, sample)!, "--device", Goldens.DeviceName,
            "--dtype", "fp32", "--max-new-tokens", $"{greedy["max_new_tokens"]}"];
        JsonNode answer = CommandRun.Of([.. arguments, "--json"]).Json();
        Assert.Equal(Goldens.Ints(expected["generated_ids"]!), Goldens.Ints(answer["new_ids"]!));
        Assert.Equal((int)expected["prompt_length"]!, (int)answer["prompt_tokens"]!);
        var streamed = CommandRun.Of([.. arguments, "--quiet"]);
        Assert.Equal((0, ""), (streamed.Code, streamed.Error));
        Assert.Equal((string)answer["text"]! + "\n", streamed.Out);
    }

    [Fact]
    public void Sampling_follows_its_seed()
    {
        string model = TinyCheckpoints.Tied;
        string Ids(string seed) => CommandRun.Of("generate", model, "Hello", "--device", "cpu", "--dtype", "fp32", "--max-new-tokens", "12", "--temperature", "1.5", "--top-k", "50", "--seed", seed, "--json").Json()["new_ids"]!.ToJsonString();
        Assert.Equal(Ids("1"), Ids("1"));
        Assert.NotEqual(Ids("1"), Ids("2"));
        string Named(params string[] arguments) => CommandRun.Of(["generate", model, "Hello", "--device", "cpu", "--dtype", "fp32", "--max-new-tokens", "12", "--json", .. arguments]).Json()["new_ids"]!.ToJsonString();
        Assert.Equal(Named("--temperature", "0.7", "--top-k", "20", "--top-p", "0.8", "--presence-penalty", "1.5"), Named("--sampling", "qwen"));
        Assert.Equal(Named(), Named("--sampling", "qwen", "--temperature", "0", "--presence-penalty", "0"));
    }

    [Fact]
    public void Wrong_input_is_refused_in_one_sentence()
    {
        string model = TinyCheckpoints.Tied;
        string Refusal(params string[] arguments) => CommandRun.Of(["generate", .. arguments, "--device", "cpu", "--dtype", "fp32"]).Refusal();
        Assert.Contains("no model folder", Refusal(_scratch.At("none"), "Hello"), StringComparison.Ordinal);
        Assert.Contains("none.png", Refusal(model, "Hello", "--image", _scratch.At("none.png")), StringComparison.Ordinal);
        File.WriteAllText(_scratch.At("text.png"), "no image at all");
        Assert.Contains("text.png", Refusal(model, "Hello", "--image", _scratch.At("text.png")), StringComparison.Ordinal);
        File.WriteAllBytes(_scratch.At("cut.png"), Png.Write(64, 64, 8, 2, new byte[64 * 64 * 3])[..60]);
        Assert.Contains("cut.png", Refusal(model, "Hello", "--image", _scratch.At("cut.png")), StringComparison.Ordinal);
        Assert.Contains("--top-p is '2'", Refusal(model, "Hello", "--top-p", "2"), StringComparison.Ordinal);
        Assert.Contains("'beam'", Refusal(model, "Hello", "--sampling", "beam"), StringComparison.Ordinal);
        Assert.Contains("--max-new-tokens is '0'", Refusal(model, "Hello", "--max-new-tokens", "0"), StringComparison.Ordinal);
        Assert.Contains("image_pad", Refusal(model, "Hello <|image_pad|>"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_whose_config_asks_for_other_tensors_is_refused()
    {
        string folder = _scratch.Copy(TinyCheckpoints.Tied, "model");
        string config = Path.Combine(folder, "config.json");
        string text = File.ReadAllText(config);
        File.WriteAllText(config, text.Replace("\"intermediate_size\": 128", "\"intermediate_size\": 129", StringComparison.Ordinal));
        Assert.Contains("129", CommandRun.Of("generate", folder, "Hello", "--device", "cpu").Refusal(), StringComparison.Ordinal);
        File.WriteAllText(config, text.Replace("\"num_hidden_layers\": 12", "\"num_hidden_layers\": 13", StringComparison.Ordinal));
        Assert.Contains("layers.12", CommandRun.Of("generate", folder, "Hello", "--device", "cpu").Refusal(), StringComparison.Ordinal);
    }

    private static bool Recorded(string checkpoint, string sample) =>
        File.Exists(Shared.At("fixtures/qwen3vl/generation", $"{checkpoint}.json"))
            && Goldens.Recorded("generation", checkpoint)["greedy"]![sample] is not null;

    /// <summary>The recorded conversation as arguments, where it is one question after its images.</summary>
    private static string[]? Ask(string checkpoint, string sample)
    {
        var messages = Goldens.Recorded("chat", checkpoint)["conversations"]![sample]!["messages"]!.AsArray();
        if (messages is not [{ } user, { } assistant] || (string)user["role"]! != "user" || (string)assistant["role"]! != "assistant") return null;
        if (user["content"] is not JsonArray parts) return [(string)user["content"]!];
        if (parts.Count == 0 || (string)parts[^1]!["type"]! != "text" || parts.SkipLast(1).Any(part => (string)part!["type"]! != "image")) return null;
        return [(string)parts[^1]!["text"]!, .. parts.SkipLast(1).SelectMany(part => new[] { "--image", Goldens.PathOf((string)part!["image"]!) })];
    }
}
