using System.Text.Json.Nodes;
using Interlace.Vlm;

namespace Interlace.Tests.Families;

/// <summary>Published models, and settings of theirs, that are not computed here: each is refused by name, with the reason.</summary>
public class RefusedModelsTests
{
    [Theory]
    [InlineData("internvl_chat")]   // InternVL's own repositories: other names and settings than Hugging Face's form
    [InlineData("llava_next")]
    [InlineData("mllama")]
    [InlineData("qwen2_5_omni")]
    [InlineData("qwen3_moe")]
    public void Model_of_another_type_is_refused_by_name(string type) =>
        Refused("Qwen3-8B", config => config["model_type"] = type, $"a model of type '{type}', which is not supported (supported: ");

    [Theory]
    [InlineData("Qwen3-8B", "yarn")]
    [InlineData("Qwen3-8B", "longrope")]
    [InlineData("Llama-3.2-1B", "yarn")]
    [InlineData("Qwen2.5-VL-7B", "yarn")]   // as its authors advise for long texts
    [InlineData("Qwen3-VL-8B", "yarn")]
    public void Rope_scaling_of_another_kind_is_refused_by_name(string model, string kind)
    {
        void Scale(JsonObject config)
        {
            JsonObject text = config["text_config"] as JsonObject ?? config;
            JsonObject scaling = text["rope_scaling"] as JsonObject ?? [];
            scaling.Remove("type");
            (scaling["rope_type"], scaling["factor"], scaling["original_max_position_embeddings"]) = (kind, 4.0, 32768);
            if (scaling.Parent is null) text["rope_scaling"] = scaling;
        }
        Refused(model, Scale, $"the rope scaling {kind} is not supported");
    }

    [Theory, InlineData("Qwen3-8B"), InlineData("Qwen2.5-VL-7B")]
    public void Attention_in_windows_is_refused(string model)
    {
        const string reason = ", and attention in a window is not supported";
        Refused(model, config => config["use_sliding_window"] = true, "use_sliding_window is true" + reason);
        Refused(model, config => config["layer_types"] = new JsonArray("full_attention", "sliding_attention"),
            "layer_types has \"sliding_attention\"" + reason);
    }

    [Fact]
    public void Attention_of_a_kind_that_is_not_known_is_refused() =>
        Refused("Gemma-3-1B", config => config["layer_types"] = new JsonArray([.. Enumerable.Repeat((JsonNode)"chunked_attention", 26).Select(type => type.DeepClone())]),
            "layer_types has chunked_attention, which is not supported (full_attention and sliding_attention are)");

    [Theory, InlineData("Qwen3-VL-8B", "fp8"), InlineData("Qwen2.5-VL-7B", "awq"), InlineData("Llama-3.2-1B", "gptq")]
    public void Quantised_weights_are_refused(string model, string method) =>
        Refused(model, config => config["quantization_config"] = new JsonObject { ["quant_method"] = method },
            "quantised weights can be pruned, but not computed with");

    [Theory]
    [InlineData("Qwen3-VL-8B", "text_config.hidden_act", "\"gelu\"", "hidden_act is gelu, expected silu")]
    [InlineData("Qwen3-VL-8B", "text_config.rope_scaling.mrope_interleaved", "false", "mrope_interleaved is false, which is not supported")]
    [InlineData("Qwen2-VL-7B", "rope_scaling.mrope_interleaved", "true", "mrope_interleaved is true, which is not supported")]
    [InlineData("Qwen3-VL-8B", "vision_config.out_hidden_size", "2048", "gives 2048 values a token, the decoder wants 4096")]
    [InlineData("LLaVA-1.5-7B", "vision_feature_layer", "[-2, -5]", "features of several layers together are not supported")]
    [InlineData("LLaVA-1.5-7B", "vision_config.model_type", "\"pixtral\"", "vision_config.model_type is pixtral, expected")]
    [InlineData("LLaVA-OneVision-7B", "vision_aspect_ratio", "\"pad\"", "vision_aspect_ratio is pad, expected anyres_max_N")]
    [InlineData("InternVL3-8B", "vision_config.norm_type", "\"batch_norm\"", "norm_type is batch_norm, expected layer_norm or rms_norm")]
    [InlineData("InternVL3-8B", "vision_feature_select_strategy", "\"full\"", "only patches can be joined into tokens")]
    [InlineData("SmolVLM-256M", "text_config.model_type", "\"qwen2\"", "text_config.model_type is qwen2, expected llama")]
    [InlineData("SmolVLM-256M", "scale_factor", "3", "tiles of 32 patches a side cannot be joined by scale_factor 3")]
    [InlineData("Gemma-3-4B", "text_config.final_logit_softcapping", "30.0", "sets final_logit_softcapping, which is not supported")]
    [InlineData("Gemma-3-4B", "text_config.use_bidirectional_attention", "true", "use_bidirectional_attention is true, which is not supported")]
    [InlineData("Gemma-3-4B", "text_config.layer_types", "[\"full_attention\"]", "layer_types lists 1 layers, but there are 34")]
    [InlineData("Gemma-3-4B", "text_config.sliding_window_pattern", "0", "sliding_window_pattern is 0, expected a number above 0")]
    [InlineData("Gemma-3-4B", "mm_tokens_per_image", "255", "64 x 64 patches cannot be pooled to mm_tokens_per_image 255")]
    [InlineData("Qwen3-VL-30B-A3B", "text_config.num_local_experts", "64", "num_experts is 128 and num_local_experts 64")]
    [InlineData("Qwen3-VL-30B-A3B", "text_config.num_experts_per_tok", "129", "num_experts_per_tok is 129, but there are 128 experts")]
    [InlineData("Qwen3-VL-30B-A3B", "text_config.decoder_sparse_step", "0", "decoder_sparse_step is 0, expected a whole number above 0")]
    [InlineData("Qwen3-VL-30B-A3B", "text_config.mlp_only_layers", "[\"3\"]", "mlp_only_layers is no list of layers")]
    public void Setting_that_is_not_computed_is_refused_by_name(string model, string place, string value, string reason)
    {
        void Change(JsonObject config)
        {
            string[] keys = place.Split('.');
            JsonNode section = keys[..^1].Aggregate((JsonNode)config, (node, key) => node[key]!);
            section[keys[^1]] = JsonNode.Parse(value);
        }
        Refused(model, Change, reason);
    }

    private static void Refused(string model, Action<JsonObject> change, string reason)
    {
        using var scratch = new ScratchFolder();
        PublishedConfigs.Write(model, scratch.Path, change);
        Assert.Contains(reason, Assert.Throws<InputException>(() => ModelTensors.Expected(scratch.Path)).Message);
    }
}
