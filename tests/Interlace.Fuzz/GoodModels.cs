using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Fuzz;

/// <summary>
/// Model folders of other families than the demo's, of a few thousand random weights each: a flat configuration, tiles of an image,
/// a square cut out of it with a tokenizer of bytes, tiles of an enlarged one, one squeezed to a square, and experts. Answers are noise; what matters is that every file of them is read.
/// </summary>
internal static class GoodModels
{
    private const string Channels = """ "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5] """;

    private const string Text = """
         "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
         "rms_norm_eps": 1e-6, "max_position_embeddings": 512, "rope_theta": 10000.0
        """;

    private const string Tower = """
         "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 16, "patch_size": 8
        """;

    /// <summary>Makes the folders <c>flat</c>, <c>tiles</c>, <c>crop</c>, <c>split</c>, <c>square</c> and <c>experts</c> in the current one.</summary>
    /// <param name="demo">The demo's model, whose tokenizer all but the third have, with other names of some tokens.</param>
    public static void Make(string demo)
    {
        string tokenizer = File.ReadAllText(Path.Combine(demo, "tokenizer.json"));
        Make("flat", tokenizer, $$"""
            {
              "model_type": "qwen2_5_vl", "image_token_id": 786, "video_token_id": 787, "vision_start_token_id": 783, {{Text}},
              "vocab_size": 832, "tie_word_embeddings": false, "rope_scaling": { "type": "mrope", "mrope_section": [4, 2, 2] },
              "use_sliding_window": false, "max_window_layers": 2, "eos_token_id": 776,
              "vision_config": {
                "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 32, "patch_size": 8,
                "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 32, "fullatt_block_indexes": [1]
              }
            }
            """, $$"""
            { "min_pixels": 256, "max_pixels": 4096, "patch_size": 8, "temporal_patch_size": 2, "merge_size": 2, {{Channels}} }
            """);
        string named = tokenizer.Replace("<|image_pad|>", "<image>", StringComparison.Ordinal);
        Make("tiles", named.Replace("<|video_pad|>", "<video>", StringComparison.Ordinal), $$"""
            {
              "model_type": "llava_onevision", "image_token_index": 786, "video_token_index": 787, "vision_aspect_ratio": "anyres_max_2",
              "projector_hidden_act": "gelu", "vision_feature_layer": -1, "vision_feature_select_strategy": "full", "eos_token_id": 776,
              "text_config": { "model_type": "qwen2", {{Text}}, "vocab_size": 832 },
              "vision_config": { "model_type": "siglip_vision_model", {{Tower}} }
            }
            """, $$"""
            {
              "size": { "height": 16, "width": 16 }, "image_grid_pinpoints": [[16, 16], [16, 32], [32, 16], [32, 48]],
              "resample": 3, "rescale_factor": 0.00392156862745098, {{Channels}}
            }
            """);
        MakeFurther(tokenizer);
        Make("crop", TokenizerOfBytes(), $$"""
            {
              "model_type": "llava", "image_token_index": 300, "projector_hidden_act": "gelu", "vision_feature_layer": -2,
              "vision_feature_select_strategy": "default", "tie_word_embeddings": false, "eos_token_id": 2,
              "text_config": { "model_type": "llama", {{Text}}, "vocab_size": 304, "rope_scaling": { "type": "linear", "factor": 2.0 } },
              "vision_config": { "model_type": "clip_vision_model", {{Tower}} }
            }
            """, $$"""
            {
              "size": { "shortest_edge": 16 }, "crop_size": { "height": 16, "width": 16 }, "do_center_crop": true, {{Channels}}
            }
            """);
    }

    private static void MakeFurther(string tokenizer)
    {
        string Named(params (string Old, string New)[] tokens) =>
            tokens.Aggregate(tokenizer, (text, token) => text.Replace(token.Old, token.New, StringComparison.Ordinal));
        Make("split", Named(("<|image_pad|>", "<image>"), ("<|object_ref_start|>", "<fake_token_around_image>")), $$"""
            {
              "model_type": "smolvlm", "image_token_id": 786, "scale_factor": 2, "eos_token_id": 776, "tie_word_embeddings": false,
              "text_config": { "model_type": "llama", {{Text}}, "vocab_size": 832 },
              "vision_config": { "model_type": "smolvlm_vision", {{Tower}} }
            }
            """, $$"""
            { "size": { "longest_edge": 48 }, "max_image_size": { "longest_edge": 16 }, "do_image_splitting": true, "resample": 1, {{Channels}} }
            """);
        Make("square", Named(("<|image_pad|>", "<image_soft_token>"), ("<|vision_start|>", "<start_of_image>")), $$"""
            {
              "model_type": "gemma3", "image_token_index": 786, "mm_tokens_per_image": 1, "eos_token_id": [776],
              "text_config": {
                "model_type": "gemma3_text", {{Text}}, "vocab_size": 832, "head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 8,
                "sliding_window_pattern": 2, "rope_local_base_freq": 10000, "rope_scaling": { "rope_type": "linear", "factor": 8.0 }
              },
              "vision_config": { "model_type": "siglip_vision_model", {{Tower}} }
            }
            """, $$"""
            { "size": { "height": 16, "width": 16 }, "do_pan_and_scan": null, "resample": 2, {{Channels}} }
            """);
        Make("experts", tokenizer, $$"""
            {
              "model_type": "qwen3_vl_moe", "image_token_id": 786, "video_token_id": 787, "eos_token_id": 776, "tie_word_embeddings": false,
              "text_config": {
                {{Text}}, "vocab_size": 832, "head_dim": 16, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16,
                "mlp_only_layers": [1], "decoder_sparse_step": 1,
                "rope_scaling": { "rope_type": "default", "mrope_interleaved": true, "mrope_section": [4, 2, 2] }
              },
              "vision_config": {
                "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 32, "patch_size": 8,
                "spatial_merge_size": 2, "temporal_patch_size": 2, "num_position_embeddings": 16, "deepstack_visual_indexes": [0]
              }
            }
            """, $$"""
            { "min_pixels": 256, "max_pixels": 4096, "patch_size": 8, "temporal_patch_size": 2, "merge_size": 2, {{Channels}} }
            """);
    }

    private static void Make(string folder, string tokenizer, string config, string images)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer);
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), images);
        var random = new Random(1);
        CheckpointWriter.Write(folder, [[.. ModelTensors.Expected(folder).Select(tensor => Random(tensor.Key, tensor.Value, random))]]);
    }

    private static TensorSource Random(string name, long[] shape, Random random)
    {
        byte[] bytes = new byte[2 * shape.Aggregate(1L, (all, size) => all * size)];
        for (int i = 0; i < bytes.Length; i += 2) BitConverter.TryWriteBytes(bytes.AsSpan(i), (Half)(random.NextDouble() / 4));
        return TensorSource.FromBytes(name, ElementType.F16, shape, bytes);
    }

    /// <summary>Three marks, every byte, some letters and their merges, in the form that LLaVA-1.5's tokenizer has.</summary>
    private static string TokenizerOfBytes()
    {
        string[] letters = ["▁", .. "abcdefghijklmnopqrstuvwxyzHUSERAINT:".Select(letter => $"{letter}"), "he", "ll"];
        string[] tokens = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), .. letters];
        var vocabulary = new JsonObject([.. tokens.Index().Select(token => KeyValuePair.Create(token.Item, (JsonNode?)token.Index))]);
        JsonNode json = JsonNode.Parse("""
            {
              "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
              "normalizer": { "type": "Sequence", "normalizers": [
                { "type": "Prepend", "prepend": "▁" }, { "type": "Replace", "pattern": { "String": " " }, "content": "▁" } ] },
              "pre_tokenizer": null,
              "post_processor": {
                "type": "TemplateProcessing",
                "single": [ { "SpecialToken": { "id": "<s>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } } ],
                "pair": [ { "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } } ],
                "special_tokens": { "<s>": { "id": "<s>", "ids": [1], "tokens": ["<s>"] } }
              },
              "decoder": { "type": "Sequence", "decoders": [
                { "type": "Replace", "pattern": { "String": "▁" }, "content": " " }, { "type": "ByteFallback" }, { "type": "Fuse" },
                { "type": "Strip", "content": " ", "start": 1, "stop": 0 } ] },
              "model": { "type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "merges": ["h e", "l l"] }
            }
            """)!;
        json["model"]!["vocab"] = vocabulary;
        foreach (var (id, mark) in new[] { (0, "<unk>"), (1, "<s>"), (2, "</s>"), (300, "<image>") })
            json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = id, ["content"] = mark, ["special"] = true });
        return json.ToJsonString();
    }
}
