using System.Text.Json.Nodes;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>
/// Numbers in small files must not decide memory or time: what no model has is refused with file and key,
/// before anything of its size is made.
/// </summary>
public sealed class TokenizerConfigPlanLimitsTests : IDisposable
{
    private readonly ModelCopy _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(-1), InlineData(832), InlineData(500_000_000), InlineData(2_000_000_000), InlineData(int.MaxValue - 1),
        InlineData(int.MaxValue)]
    public void An_id_that_the_model_has_not_is_refused(int id)
    {
        _model.Edit("tokenizer.json", tokenizer => tokenizer["model"]!["vocab"]!["zzzz"] = id);
        Refused("tokenizer.json", "zzzz", $"{id}");
        File.Copy(Path.Combine(ModelCopy.Original, "tokenizer.json"), _model.File("tokenizer.json"), overwrite: true);
        _model.Edit("tokenizer.json", tokenizer =>
        {
            JsonNode token = tokenizer["added_tokens"]![0]!.DeepClone();
            (token["id"], token["content"]) = (id, "<|zz|>");
            tokenizer["added_tokens"]!.AsArray().Add(token);
        });
        Refused("tokenizer.json", "<|zz|>", $"{id}");
    }

    [Fact]
    public void A_token_of_a_million_characters_is_refused_in_one_short_sentence()
    {
        _model.Edit("tokenizer.json", tokenizer => tokenizer["model"]!["vocab"]![new string('a', 1_000_000)] = 5);
        Assert.InRange(Refused("tokenizer.json", "1000000 characters").Length, 1, 500);
    }

    [Fact]
    public void A_pattern_that_does_not_come_to_an_end_is_refused()
    {
        _model.Edit("tokenizer.json", tokenizer => tokenizer["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = "(a|aa)+$");
        string refusal = CommandRun.Of("generate", _model.Folder, new string('a', 200) + "!").Refusal();
        Assert.Contains("does not come to an end", refusal);
    }

    [Theory]
    [InlineData("text_config.rms_norm_eps", "0"), InlineData("text_config.rms_norm_eps", "-1"),
        InlineData("text_config.rms_norm_eps", "1e999")]
    [InlineData("text_config.rope_theta", "0"), InlineData("text_config.rope_theta", "-5.0"), InlineData("text_config.rope_theta", "true")]
    [InlineData("text_config.rope_scaling.mrope_interleaved", "false"), InlineData("text_config.rope_scaling.mrope_interleaved", "1")]
    [InlineData("text_config.rope_scaling.mrope_section", "[2147483647, 2147483647, 10]"),
        InlineData("text_config.rope_scaling.mrope_section", "[6.5, 4.5, 5]")]
    [InlineData("text_config.num_hidden_layers", "2000000000"), InlineData("text_config.num_hidden_layers", "0"),
        InlineData("text_config.num_hidden_layers", "-1")]
    [InlineData("text_config.vocab_size", "2000000000"), InlineData("text_config.vocab_size", "\"832\"")]
    [InlineData("text_config.num_attention_heads", "2147483647"), InlineData("text_config.head_dim", "2147483646"),
        InlineData("text_config.hidden_size", "1.5")]
    [InlineData("vision_config.deepstack_visual_indexes", "[4, 2]"), InlineData("vision_config.deepstack_visual_indexes", "[2, 2]"),
        InlineData("vision_config.deepstack_visual_indexes", "[]"), InlineData("vision_config.deepstack_visual_indexes", "[2, 1.5]")]
    [InlineData("vision_config.depth", "2000000000"), InlineData("vision_config.num_position_embeddings", "2147395600"),
        InlineData("vision_config.spatial_merge_size", "2000000000")]
    [InlineData("vision_config", "5"), InlineData("vision_config", "[]"), InlineData("vision_config", "\"qwen3_vl\""),
        InlineData("text_config", "5"), InlineData("text_config.rope_scaling", "3")]
    public void A_value_that_no_model_has_is_refused_with_file_and_key(string key, string value)
    {
        _model.Edit("config.json", config => Set(config, key, value));
        Refused("config.json", key.Split('.')[^1]);
    }

    [Theory]
    [InlineData("patch_size", "2000000000"), InlineData("merge_size", "65536"), InlineData("image_std", "[0, 0.5, 0.5]"),
        InlineData("image_mean", "[1e999, 0, 0]"), InlineData("size", "7")]
    public void Image_settings_that_no_model_has_are_refused(string key, string value)
    {
        _model.Edit("preprocessor_config.json", settings => Set(settings, key, value));
        Refused("preprocessor_config.json", key);
    }

    [Fact]
    public void Endless_nesting_is_no_config()
    {
        File.WriteAllText(_model.File("config.json"), "{\"x\":" + new string('[', 100_000) + new string(']', 100_000) + "}");
        Refused("config.json", "no valid JSON");
    }

    [Fact]
    public void A_model_folder_may_be_called_like_a_file()
    {
        string folder = _model.At("model.v2.json");
        Directory.Move(_model.Folder, folder);
        Assert.Equal(0, CommandRun.Of("generate", folder, "Hi", "--max-new-tokens", "1", "--dtype", "fp32").Code);
        Directory.Move(folder, _model.Folder);
    }

    private string Refused(params string[] named)
    {
        string refusal = CommandRun.Of("generate", _model.Folder, "Hi", "--dtype", "fp32").Refusal();
        Assert.All(named, part => Assert.Contains(part, refusal));
        return refusal;
    }

    private static void Set(JsonObject json, string key, string value)
    {
        string[] path = key.Split('.');
        JsonObject at = path[..^1].Aggregate(json, (inner, name) => inner[name]!.AsObject());
        at[path[^1]] = JsonNode.Parse(value);
    }
}
