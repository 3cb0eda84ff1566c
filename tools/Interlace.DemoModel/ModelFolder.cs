using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.DemoModel.Sources;
using Interlace.DemoModel.Text;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.DemoModel;

/// <summary>Sizes of the model.</summary>
public sealed record ModelShape(
    int Layers = 16, int Hidden = 128, int Inner = 88, int Heads = 2, int KeyHeads = 1, int HeadSize = 32, int Tokens = 1200,
    int VisionDepth = 6, int VisionHidden = 128, int VisionInner = 384, int VisionHeads = 4, int FirstTap = 2, int SecondTap = 4)
{
    /// <summary>Longest text in tokens.</summary>
    public int MaxLength => 4096;

    /// <summary>Frequencies of a head for time, height and width.</summary>
    public int[] RopeSections => [HeadSize / 2 - 2 * (HeadSize / 6), HeadSize / 6, HeadSize / 6];
}

/// <summary>Everything of a model folder but its weights, in the layout of the published models; and models of it.</summary>
public static class ModelFolder
{
    private const string ConfigName = "config.json";
    private const int PatchSize = 8, MergeSize = 2, Positions = 64;

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Trains the tokenizer and writes all small files.</summary>
    /// <param name="folder">Where they go.</param>
    /// <param name="shape">Sizes of the model.</param>
    /// <param name="sources">Training part of the sources: the tokenizer is trained on texts about their scenes.</param>
    /// <param name="seed">Of those scenes.</param>
    /// <param name="scenes">Their number.</param>
    public static void Write(string folder, ModelShape shape, SceneSources sources, long seed, int scenes)
    {
        Directory.CreateDirectory(folder);
        int first = TokenizerFiles.Write(folder, sources, seed, shape.Tokens, scenes, shape.MaxLength);
        int Id(string token) => first + TokenizerFiles.Added.Index().Single(added => added.Item.Token == token).Index;
        void Save(string name, JsonObject content) => File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(Readable) + "\n");
        Save(ConfigName, Config(shape, Id, (first + TokenizerFiles.Added.Count + 63) / 64 * 64));
        Save("preprocessor_config.json", ImageSettingsOf("image_processor_type", "Qwen2VLImageProcessorFast"));
        Save("video_preprocessor_config.json", ImageSettingsOf("video_processor_type", "Qwen3VLVideoProcessor"));
        Save("chat_template.json", ChatTemplate());
        Save("generation_config.json", new()
        {
            ["bos_token_id"] = Id("<|endoftext|>"), ["pad_token_id"] = Id("<|endoftext|>"), ["do_sample"] = false, ["eos_token_id"] = new JsonArray(Id("<|im_end|>"), Id("<|endoftext|>")), ["transformers_version"] = "4.57.0",
        });
    }

    /// <summary>A model of a folder's configuration with parameters of any source.</summary>
    internal static VisionLanguageModel Create(string folder, ParameterSource source, Device device, ScalarType type)
    {
        var family = Qwen3VLFamily.Row;
        return VisionLanguageModel.Create(family, family.Parts!, ModelConfig.Read(folder), [], source, device, type, weights: null);
    }

    /// <summary>Tokenizer, template and image processing of a folder.</summary>
    internal static Processor ProcessorOf(string folder) => Qwen3VLFamily.Processor(ModelConfig.Read(folder), maxPixels: null);

    /// <summary>The published chat template.</summary>
    internal static JsonObject ChatTemplate()
    {
        using var stream = typeof(ModelFolder).Assembly.GetManifestResourceStream("chat_template.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }

    private static JsonObject Config(ModelShape shape, Func<string, int> id, int vocabulary) => new()
    {
        ["architectures"] = new JsonArray("Qwen3VLForConditionalGeneration"),
        ["image_token_id"] = id("<|image_pad|>"), ["model_type"] = "qwen3_vl",
        ["text_config"] = new JsonObject
        {
            ["attention_bias"] = false, ["attention_dropout"] = 0.0, ["bos_token_id"] = id("<|endoftext|>"), ["dtype"] = "bfloat16", ["eos_token_id"] = id("<|im_end|>"), ["head_dim"] = shape.HeadSize,
            ["hidden_act"] = "silu", ["hidden_size"] = shape.Hidden, ["initializer_range"] = 0.02, ["intermediate_size"] = shape.Inner, ["max_position_embeddings"] = shape.MaxLength, ["model_type"] = "qwen3_vl_text",
            ["num_attention_heads"] = shape.Heads, ["num_hidden_layers"] = shape.Layers, ["num_key_value_heads"] = shape.KeyHeads, ["rms_norm_eps"] = 1e-6,
            ["rope_scaling"] = new JsonObject { ["mrope_interleaved"] = true, ["mrope_section"] = new JsonArray([.. shape.RopeSections.Select(s => (JsonNode)s)]), ["rope_type"] = "default" },
            ["rope_theta"] = 5000000.0, ["tie_word_embeddings"] = false, ["use_cache"] = true, ["vocab_size"] = vocabulary,
        },
        ["tie_word_embeddings"] = false, ["transformers_version"] = "4.57.0", ["video_token_id"] = id("<|video_pad|>"),
        ["vision_config"] = new JsonObject
        {
            ["deepstack_visual_indexes"] = new JsonArray(shape.FirstTap, shape.SecondTap), ["depth"] = shape.VisionDepth, ["hidden_act"] = "gelu_pytorch_tanh", ["hidden_size"] = shape.VisionHidden, ["in_channels"] = 3,
            ["initializer_range"] = 0.02, ["intermediate_size"] = shape.VisionInner, ["model_type"] = "qwen3_vl", ["num_heads"] = shape.VisionHeads, ["num_position_embeddings"] = Positions, ["out_hidden_size"] = shape.Hidden,
            ["patch_size"] = PatchSize, ["spatial_merge_size"] = MergeSize, ["temporal_patch_size"] = 2,
        },
        ["vision_end_token_id"] = id("<|vision_end|>"), ["vision_start_token_id"] = id("<|vision_start|>"),
    };

    private static JsonObject ImageSettingsOf(string kind, string name)
    {
        static JsonArray Half() => new(0.5, 0.5, 0.5);
        return new()
        {
            ["size"] = new JsonObject { ["longest_edge"] = 65536, ["shortest_edge"] = 1024 }, ["patch_size"] = PatchSize, ["temporal_patch_size"] = 2, ["merge_size"] = MergeSize,
            ["image_mean"] = Half(), ["image_std"] = Half(), ["processor_class"] = "Qwen3VLProcessor", [kind] = name,
        };
    }
}
