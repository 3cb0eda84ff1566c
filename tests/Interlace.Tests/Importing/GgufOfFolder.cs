using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Tests.Importing;

/// <summary>Writes the decoder of a checkpoint as a GGUF file, as ggml's converter does: the way back of an import.</summary>
internal static class GgufOfFolder
{
    private const uint F32 = 0, Q8 = 8;

    private static readonly (string Folder, string File)[] Parts =
    [
        ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"), ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"), ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
    ];

    /// <summary>The file.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="pre">Name of its pre-tokenizer.</param>
    /// <param name="quantised">Matrices in Q8_0 instead of F32.</param>
    public static GgufBytes Create(string folder, string pre, bool quantised = false)
    {
        using var checkpoint = Checkpoint.Open(folder);
        JsonObject config = checkpoint.Config["text_config"] as JsonObject ?? checkpoint.Config;
        string arch = (string)config["model_type"]!;
        int heads = (int)config["num_attention_heads"]!, keyHeads = (int)config["num_key_value_heads"]!;
        var file = new GgufBytes
        {
            Keys =
            [
                ("general.architecture", arch), ($"{arch}.block_count", (uint)config["num_hidden_layers"]!),
                ($"{arch}.context_length", (uint?)config["max_position_embeddings"] ?? 32_768u),
                ($"{arch}.embedding_length", (uint)config["hidden_size"]!),
                ($"{arch}.feed_forward_length", (uint)config["intermediate_size"]!),
                ($"{arch}.attention.head_count", (uint)heads), ($"{arch}.attention.head_count_kv", (uint)keyHeads),
                ($"{arch}.attention.layer_norm_rms_epsilon", (float?)config["rms_norm_eps"] ?? 1e-6f),
                ($"{arch}.rope.freq_base", (float)config["rope_theta"]!),
            ],
        };
        if (config["head_dim"] is { } size)
        {
            file.With($"{arch}.attention.key_length", (uint)size!).With($"{arch}.attention.value_length", (uint)size!);
            file.With($"{arch}.rope.dimension_count", (uint)size!);
        }
        foreach (string name in checkpoint.Names.Order(StringComparer.Ordinal))
        {
            if (NameOf(name) is not { } inFile) continue;
            var (weights, entry) = checkpoint.Find(name);
            using Tensor tensor = ParameterSources.Load(weights, entry, CPU).to(ScalarType.Float32);
            float[] values = [.. tensor.data<float>()];
            int? turned = arch != "llama" ? null : inFile.Contains(".attn_q.") ? heads : inFile.Contains(".attn_k.") ? keyHeads : null;
            if (turned is { } count) values = Turned(values, entry.Shape, count);
            file.Tensors.Add(quantised && entry.Shape.Length == 2
                ? new(inFile, entry.Shape, Q8, Quantised(values)) : GgufBytesTensor.F32(inFile, entry.Shape, values));
        }
        if (config["rope_scaling"] is JsonObject scaling)
            AddFactors(file, arch, scaling, (double)config["rope_theta"]!, (int)config["head_dim"]!);
        AddTokenizer(file, folder, pre, (int)config["vocab_size"]!, config);
        return file;
    }

    /// <summary>The name in a file; null for what is no part of the decoder.</summary>
    private static string? NameOf(string name)
    {
        const string wrapper = "language_model.";
        if (name.StartsWith(wrapper, StringComparison.Ordinal)) name = name[wrapper.Length..];
        if (name == "model.embed_tokens.weight") return "token_embd.weight";
        if (name == "model.norm.weight") return "output_norm.weight";
        if (name == "lm_head.weight") return "output.weight";
        if (name.Split('.', 4) is not ["model", "layers", var layer, var rest]) return null;
        var (folder, file) = Parts.Single(part => rest.StartsWith(part.Folder + ".", StringComparison.Ordinal));
        return $"blk.{layer}.{file}{rest[folder.Length..]}";
    }

    /// <summary>Row j + s d/2 of a head becomes row 2j + s.</summary>
    private static float[] Turned(float[] values, long[] shape, int heads)
    {
        int rows = (int)shape[0], width = values.Length / rows, size = rows / heads;
        float[] turned = new float[values.Length];
        for (int row = 0; row < rows; row++)
        {
            int j = row % size % (size / 2), s = row % size / (size / 2);
            Array.Copy(values, row * width, turned, (row / size * size + 2 * j + s) * width, width);
        }
        return turned;
    }

    private static byte[] Quantised(float[] values)
    {
        const int block = 32;
        byte[] bytes = new byte[values.Length / block * 34];
        for (int b = 0; b < values.Length / block; b++)
        {
            var run = values.AsSpan(b * block, block);
            float d = run.ToArray().Max(MathF.Abs) / 127, inverse = d == 0 ? 0 : 1 / d;
            BitConverter.TryWriteBytes(bytes.AsSpan(b * 34), (Half)d);
            for (int k = 0; k < block; k++)
                bytes[b * 34 + 2 + k] = (byte)(sbyte)MathF.Round(run[k] * inverse, MidpointRounding.AwayFromZero);
        }
        return bytes;
    }

    private static void AddFactors(GgufBytes file, string arch, JsonObject scaling, double theta, int headSize)
    {
        double factor = (double)scaling["factor"]!, low = (double)scaling["low_freq_factor"]!, high = (double)scaling["high_freq_factor"]!;
        int original = (int)scaling["original_max_position_embeddings"]!;
        float[] factors = [.. Enumerable.Range(0, headSize / 2).Select(i =>
        {
            double wavelength = 2 * Math.PI * Math.Pow(theta, 2.0 * i / headSize);
            if (wavelength < original / high) return 1f;
            if (wavelength > original / low) return (float)factor;
            double smooth = (original / wavelength - low) / (high - low);
            return (float)(1 / ((1 - smooth) / factor + smooth));
        })];
        file.Tensors.Add(GgufBytesTensor.F32("rope_freqs.weight", [headSize / 2], factors));
        file.With($"{arch}.rope.scaling.original_context_length", (uint)original);
    }

    private static void AddTokenizer(GgufBytes file, string folder, string pre, int rows, JsonObject config)
    {
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!;
        string[] tokens = [.. Enumerable.Range(0, rows).Select(id => $"[PAD{id}]")];
        int[] types = [.. Enumerable.Repeat(5, rows)];
        foreach (var (token, id) in tokenizer["model"]!["vocab"]!.AsObject()) (tokens[(int)id!], types[(int)id!]) = (token, 1);
        foreach (var added in tokenizer["added_tokens"]!.AsArray())
            (tokens[(int)added!["id"]!], types[(int)added["id"]!]) = ((string)added["content"]!, (bool)added["special"]! ? 3 : 4);
        string[] merges = [.. tokenizer["model"]!["merges"]!.AsArray()
            .Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!)];
        JsonNode eos = config["eos_token_id"]!;
        file.With("tokenizer.ggml.model", "gpt2").With("tokenizer.ggml.pre", pre).With("tokenizer.ggml.tokens", tokens)
            .With("tokenizer.ggml.token_type", types).With("tokenizer.ggml.merges", merges)
            .With("tokenizer.ggml.bos_token_id", (uint)config["bos_token_id"]!)
            .With("tokenizer.ggml.eos_token_id", (uint)(eos is JsonArray several ? several[0] : eos)!);
        JsonNode settings = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer_config.json")))!;
        if (settings["chat_template"] is JsonValue template) file.With("tokenizer.chat_template", (string)template!);
    }
}
