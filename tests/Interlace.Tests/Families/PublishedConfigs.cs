using System.Text.Json.Nodes;

namespace Interlace.Tests.Families;

/// <summary>Settings of published models, as far as they decide over tensors. The numbers are facts; the files are not copies.</summary>
internal static class PublishedConfigs
{
    private const string Means = """ "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5] """;
    private const string QwenIds = """ "image_token_id": 151655, "video_token_id": 151656, "vision_start_token_id": 151652 """;

    /// <summary>Writes <c>config.json</c> and <c>preprocessor_config.json</c> of a model.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="folder">Where they are put.</param>
    /// <param name="change">What is changed in the config first, or null.</param>
    public static void Write(string model, string folder, Action<JsonObject>? change = null)
    {
        var (config, images) = Of(model);
        JsonObject root = JsonNode.Parse(config)!.AsObject();
        change?.Invoke(root);
        File.WriteAllText(Path.Combine(folder, "config.json"), root.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), images);
    }

    private static (string Config, string Images) Of(string model) => model switch
    {
        "Qwen3-VL-2B" => (Qwen3VL(2048, 6144, 28, 16, tied: true, SmallTower), QwenImages(16)),
        "Qwen3-VL-4B" => (Qwen3VL(2560, 9728, 36, 32, tied: true, SmallTower), QwenImages(16)),
        "Qwen3-VL-8B" => (Qwen3VL(4096, 12288, 36, 32, tied: false, LargeTower), QwenImages(16)),
        "Qwen3-VL-32B" => (Qwen3VL(5120, 25600, 64, 64, tied: false, LargeTower), QwenImages(16)),
        "Qwen3-VL-30B-A3B" => (Experts(Qwen3VL(2048, 6144, 48, 32, tied: false, LargeTower), 768), QwenImages(16)),
        "Qwen3-VL-235B-A22B" => (Experts(Qwen3VL(4096, 12288, 94, 64, tied: false, LargeTower), 1536), QwenImages(16)),
        "Qwen2.5-VL-3B" => (Qwen25VL(2048, 11008, 36, 16, 2, 151936, tied: true), QwenImages(14)),
        "Qwen2.5-VL-7B" => (Qwen25VL(3584, 18944, 28, 28, 4, 152064, tied: false), QwenImages(14)),
        "Qwen2-VL-2B" => (Qwen2VL(1536, 8960, 28, 12, 2, 151936, tied: true), QwenImages(14)),
        "Qwen2-VL-7B" => (Qwen2VL(3584, 18944, 28, 28, 4, 152064, tied: false), QwenImages(14)),
        "LLaVA-1.5-7B" => (Llava(), ClipImages),
        "LLaVA-OneVision-7B" => (OneVision(3584, 18944, 28, 28, 4, 152064), SiglipImages),
        "InternVL3-8B" => (Intern(3584, 18944, 28, 28, 4, 151674, SmallIntern), InternImages),
        "InternVL3-38B" => (Intern(5120, 27648, 64, 40, 8, 151674, LargeIntern), InternImages),
        "InternVL3-78B" => (Intern(8192, 29568, 80, 64, 8, 151674, LargeIntern), InternImages),
        "SmolVLM-256M" => (Smol("smolvlm", 576, 1536, 30, 9, 3, 49280, SmallSiglip), SmolImages(2048, 512)),
        "SmolVLM-500M" => (Smol("smolvlm", 960, 2560, 32, 15, 5, 49280, SmallSiglip), SmolImages(2048, 512)),
        "SmolVLM-2.2B" => (Smol("idefics3", 2048, 8192, 24, 32, 32, 49155, LargeSiglip), SmolImages(1536, 384)),
        "Gemma-3-1B" => (Gemma1B, "{}"),
        "Gemma-3-4B" => (Gemma(""" "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34 """), GemmaImages),
        "Gemma-3-12B" => (Gemma("""
            "hidden_size": 3840, "intermediate_size": 15360, "num_hidden_layers": 48, "num_attention_heads": 16, "num_key_value_heads": 8
            """), GemmaImages),
        "Gemma-3-27B" => (Gemma("""
            "hidden_size": 5376, "intermediate_size": 21504, "num_hidden_layers": 62, "num_attention_heads": 32, "num_key_value_heads": 16,
            "head_dim": 128, "query_pre_attn_scalar": 168
            """), GemmaImages),
        "Llama-3.2-1B" => (Llama32, "{}"),
        "Qwen3-8B" => (Qwen3(4096, 12288, 36, 32), "{}"),
        _ => throw new ArgumentException($"{model} is not described here", nameof(model)),
    };

    private const string ClipImages = $$"""{ "size": { "shortest_edge": 336 }, "crop_size": { "height": 336, "width": 336 }, {{Means}} }""";

    private const string SiglipImages = $$"""
        { "size": { "height": 384, "width": 384 }, "image_grid_pinpoints": [[384, 384], [384, 768], [768, 384]], {{Means}} }
        """;

    private const string InternImages = $$"""{ "size": { "height": 448, "width": 448 }, {{Means}} }""";

    private const string SmallTower = """ "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "deepstack_visual_indexes": [5, 11, 17] """;

    private const string LargeTower = """ "depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "deepstack_visual_indexes": [8, 16, 24] """;

    private const string SmallIntern = """
        "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
        "attention_bias": true, "use_qk_norm": false, "norm_type": "layer_norm"
        """;

    private const string LargeIntern = """
        "hidden_size": 3200, "intermediate_size": 12800, "num_hidden_layers": 45, "num_attention_heads": 25,
        "attention_bias": false, "use_qk_norm": true, "norm_type": "rms_norm"
        """;

    private const string SmallSiglip = """ "hidden_size": 768, "num_attention_heads": 12, "image_size": 512, "patch_size": 16 }, "scale_factor": 4 """;

    private const string LargeSiglip = """
        "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "image_size": 384, "patch_size": 14 }, "scale_factor": 3
        """;

    private const string GemmaImages = $$"""{ "size": { "height": 896, "width": 896 }, {{Means}} }""";

    private const string Gemma1B = """
        {
          "model_type": "gemma3_text", "hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 26, "num_attention_heads": 4,
          "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 262144, "hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-06,
          "query_pre_attn_scalar": 256, "rope_theta": 1000000, "rope_local_base_freq": 10000, "rope_scaling": null,
          "sliding_window": 512, "sliding_window_pattern": 6, "attn_logit_softcapping": null, "final_logit_softcapping": null
        }
        """;

    private const string Llama32 = """
        {
          "model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
          "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256, "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
          "max_position_embeddings": 131072, "attention_bias": false, "mlp_bias": false, "tie_word_embeddings": true,
          "rope_scaling": {
            "factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"
          }
        }
        """;

    private static string Sizes(int hidden, int inner, int layers, int heads, int keyHeads, int vocabulary) => $"""
         "hidden_size": {hidden}, "intermediate_size": {inner}, "num_hidden_layers": {layers}, "num_attention_heads": {heads},
         "num_key_value_heads": {keyHeads}, "vocab_size": {vocabulary}, "rms_norm_eps": 1e-06, "hidden_act": "silu"
        """;

    private static string Bool(bool value) => value ? "true" : "false";

    private static string QwenImages(int patch) => $$"""
        { "min_pixels": 3136, "max_pixels": 12845056, "patch_size": {{patch}}, "temporal_patch_size": 2, "merge_size": 2, {{Means}} }
        """;

    private static string Qwen3VL(int hidden, int inner, int layers, int heads, bool tied, string tower) => $$"""
        {
          "model_type": "qwen3_vl", {{QwenIds}}, "tie_word_embeddings": {{Bool(tied)}},
          "text_config": {
            {{Sizes(hidden, inner, layers, heads, 8, 151936)}}, "model_type": "qwen3_vl_text", "head_dim": 128, "attention_bias": false,
            "max_position_embeddings": 262144, "rope_theta": 5000000,
            "rope_scaling": { "mrope_interleaved": true, "mrope_section": [24, 20, 20], "rope_type": "default" }
          },
          "vision_config": {
            {{tower}}, "model_type": "qwen3_vl", "hidden_act": "gelu_pytorch_tanh", "in_channels": 3, "num_heads": 16,
            "num_position_embeddings": 2304, "out_hidden_size": {{hidden}}, "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2
          }
        }
        """;

    private static string Experts(string dense, int inner)
    {
        JsonObject config = JsonNode.Parse(dense)!.AsObject(), text = config["text_config"]!.AsObject();
        config["model_type"] = "qwen3_vl_moe";
        (text["num_key_value_heads"], text["num_experts"], text["num_experts_per_tok"], text["moe_intermediate_size"]) = (4, 128, 8, inner);
        (text["mlp_only_layers"], text["decoder_sparse_step"]) = (new JsonArray(), 1);
        return config.ToJsonString();
    }

    private static string Qwen25VL(int hidden, int inner, int layers, int heads, int keyHeads, int vocabulary, bool tied) => $$"""
        {
          "model_type": "qwen2_5_vl", {{QwenIds}}, {{Sizes(hidden, inner, layers, heads, keyHeads, vocabulary)}},
          "max_window_layers": 70, "rope_theta": 1000000.0, "sliding_window": 32768, "use_sliding_window": false, "tie_word_embeddings": {{Bool(tied)}},
          "vision_config": {
            "depth": 32, "hidden_act": "silu", "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "in_chans": 3,
            "out_hidden_size": {{hidden}}, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14, "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31], "tokens_per_second": 2, "temporal_patch_size": 2
          },
          "rope_scaling": { "type": "mrope", "mrope_section": [16, 24, 24] }
        }
        """;

    private static string Qwen2VL(int hidden, int inner, int layers, int heads, int keyHeads, int vocabulary, bool tied) => $$"""
        {
          "model_type": "qwen2_vl", {{QwenIds}}, {{Sizes(hidden, inner, layers, heads, keyHeads, vocabulary)}},
          "max_window_layers": 28, "rope_theta": 1000000.0, "sliding_window": 32768, "use_sliding_window": false, "tie_word_embeddings": {{Bool(tied)}},
          "vision_config": {
            "depth": 32, "embed_dim": 1280, "mlp_ratio": 4, "num_heads": 16, "in_chans": 3, "hidden_size": {{hidden}}, "patch_size": 14,
            "spatial_merge_size": 2, "spatial_patch_size": 14, "temporal_patch_size": 2
          },
          "rope_scaling": { "type": "mrope", "mrope_section": [16, 24, 24] }
        }
        """;

    private static string Llava() => """
        {
          "model_type": "llava", "image_token_index": 32000, "projector_hidden_act": "gelu", "vision_feature_layer": -2,
          "vision_feature_select_strategy": "default", "tie_word_embeddings": false,
          "text_config": {
            "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 4096, "rms_norm_eps": 1e-05,
            "vocab_size": 32064
          },
          "vision_config": {
            "hidden_size": 1024, "image_size": 336, "intermediate_size": 4096, "model_type": "clip_vision_model", "num_attention_heads": 16,
            "num_hidden_layers": 24, "patch_size": 14, "projection_dim": 768, "vocab_size": 32000
          }
        }
        """;

    private static string OneVision(int hidden, int inner, int layers, int heads, int keyHeads, int vocabulary) => $$"""
        {
          "model_type": "llava_onevision", "image_token_index": 151646, "video_token_index": 151647, "vision_aspect_ratio": "anyres_max_9",
          "projector_hidden_act": "gelu", "vision_feature_layer": -1, "vision_feature_select_strategy": "full", "tie_word_embeddings": false,
          "text_config": {
            {{Sizes(hidden, inner, layers, heads, keyHeads, vocabulary)}}, "model_type": "qwen2", "rope_theta": 1000000.0, "max_window_layers": 28,
            "max_position_embeddings": 32768, "sliding_window": null, "tie_word_embeddings": false
          },
          "vision_config": {
            "hidden_size": 1152, "image_size": 384, "intermediate_size": 4304, "model_type": "siglip_vision_model", "num_attention_heads": 16,
            "num_hidden_layers": 26, "patch_size": 14, "vision_use_head": false
          }
        }
        """;

    private static string Intern(int hidden, int inner, int layers, int heads, int keyHeads, int vocabulary, string tower) => $$"""
        {
          "model_type": "internvl", "image_token_id": 151667, "downsample_ratio": 0.5, "image_seq_length": 256, "projector_hidden_act": "gelu",
          "vision_feature_layer": -1, "vision_feature_select_strategy": "default", "tie_word_embeddings": false,
          "text_config": {
            {{Sizes(hidden, inner, layers, heads, keyHeads, vocabulary)}}, "model_type": "qwen2", "rope_theta": 1000000.0, "max_window_layers": 70,
            "max_position_embeddings": 32768, "rope_scaling": { "factor": 2.0, "rope_type": "dynamic", "type": "dynamic" },
            "sliding_window": null, "use_sliding_window": false, "tie_word_embeddings": false
          },
          "vision_config": {
            {{tower}}, "model_type": "internvl_vision", "image_size": [448, 448], "patch_size": [14, 14], "hidden_act": "gelu",
            "layer_norm_eps": 1e-06, "use_absolute_position_embeddings": true, "use_mask_token": false, "use_mean_pooling": true
          }
        }
        """;

    private static string Gemma(string sizes) => $$"""
        {
          "model_type": "gemma3", "image_token_index": 262144, "mm_tokens_per_image": 256,
          "text_config": {
            {{sizes}}, "model_type": "gemma3_text", "rope_scaling": { "factor": 8.0, "rope_type": "linear" }, "sliding_window": 1024
          },
          "vision_config": {
            "hidden_size": 1152, "image_size": 896, "intermediate_size": 4304, "model_type": "siglip_vision_model", "num_attention_heads": 16,
            "num_hidden_layers": 27, "patch_size": 14, "vision_use_head": false
          }
        }
        """;

    private static string SmolImages(int longest, int tile) => $$"""
        { "size": { "longest_edge": {{longest}} }, "max_image_size": { "longest_edge": {{tile}} }, {{Means}} }
        """;

    private static string Smol(string type, int hidden, int inner, int layers, int heads, int keyHeads, int vocabulary, string tower) => $$"""
        {
          "model_type": "{{type}}", "image_token_id": 49190, "tie_word_embeddings": false,
          "text_config": {
            {{Sizes(hidden, inner, layers, heads, keyHeads, vocabulary)}}, "model_type": "llama", "head_dim": 64, "rope_theta": 100000,
            "max_position_embeddings": 8192, "attention_bias": false, "mlp_bias": false
          },
          "vision_config": { "model_type": "{{type}}", {{tower}}
        }
        """;

    private static string Qwen3(int hidden, int inner, int layers, int heads) => $$"""
        {
          "model_type": "qwen3", {{Sizes(hidden, inner, layers, heads, 8, 151936)}}, "head_dim": 128, "attention_bias": false,
          "rope_theta": 1000000, "rope_scaling": null, "sliding_window": null, "use_sliding_window": false, "max_window_layers": 36,
          "max_position_embeddings": 40960, "tie_word_embeddings": false
        }
        """;
}
