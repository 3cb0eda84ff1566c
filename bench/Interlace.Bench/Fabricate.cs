using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3VL;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>
/// Makes a model folder of the shape of a published Qwen3-VL whose weights are chance: everything takes as long as with the real ones, and
/// nothing has to be downloaded. Weights are streamed; the same seed gives the same bytes.
/// </summary>
internal static class Fabricate
{
    private const long LargestShard = 5_000_000_000;
    private const int ChunkBytes = 1 << 20;

    private static readonly string[] TextFiles =
        ["tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "chat_template.json", "generation_config.json"];

    /// <summary>Writes a folder, where there is none yet.</summary>
    /// <param name="folder">The new folder.</param>
    /// <param name="shape">4b or 8b.</param>
    /// <param name="layers">Decoder layers; those of the published model where absent.</param>
    /// <param name="tokenizer">A folder of the family whose tokenizer it takes.</param>
    /// <param name="seed">Of the weights.</param>
    public static void Run(string folder, string shape, int? layers, string tokenizer, long seed = 0)
    {
        if (Directory.Exists(folder)) throw new InputException($"{folder} is there already.");
        WriteFiles(folder, shape, layers, tokenizer);
        var tensors = new SortedDictionary<string, long[]>(StringComparer.Ordinal);
        var family = Qwen3VLFamily.Row;
        VisionLanguageModel.Create(family, family.Parts!, ModelConfig.Read(folder), [],
            ParameterSources.Recorder(tensors), CPU, ScalarType.BFloat16, null).Dispose();
        var sources = tensors.Select((tensor, i) => new TensorSource(tensor.Key, ElementType.BF16, tensor.Value,
            (target, _) =>
                Fill(target, tensor.Value, tensor.Key.Contains("norm", StringComparison.Ordinal) && tensor.Value.Length == 1,
                    (ulong)seed * 1_000_003 + (ulong)i)));
        CheckpointWriter.Write(folder, CheckpointWriter.Split(sources, LargestShard));
    }

    /// <summary>Writes everything but the weights.</summary>
    internal static void WriteFiles(string folder, string shape, int? layers, string tokenizer, int? visionBlocks = null,
        int? vocabulary = null)
    {
        Directory.CreateDirectory(folder);
        JsonObject config = Json(Path.Combine(AppContext.BaseDirectory, "Shapes", shape + ".json")),
            own = Json(Path.Combine(tokenizer, "config.json"));
        foreach (string id in (string[])["image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id"])
            config[id] = own[id]!.DeepClone();
        JsonNode text = config["text_config"]!;
        foreach (string id in (string[])["bos_token_id", "eos_token_id"]) text[id] = own["text_config"]![id]!.DeepClone();
        if (layers is { } count) text["num_hidden_layers"] = count;
        if (vocabulary is { } tokens) text["vocab_size"] = tokens;
        if (visionBlocks is { } blocks)
        {
            JsonNode vision = config["vision_config"]!;
            vision["depth"] = blocks;
            vision["deepstack_visual_indexes"] = new JsonArray([.. ((int[])[5, 11, 17]).Where(block => block < blocks)
                .DefaultIfEmpty(blocks / 2).Select(block => JsonValue.Create(block))]);
        }
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString(new() { WriteIndented = true }) + "\n");
        foreach (string name in TextFiles.Where(name => File.Exists(Path.Combine(tokenizer, name))))
            File.Copy(Path.Combine(tokenizer, name), Path.Combine(folder, name));
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Shapes", "preprocessor_config.json"),
            Path.Combine(folder, "preprocessor_config.json"));
    }

    /// <summary>Norms are ones; everything else is of about the standard deviation 0.02 that such models begin with.</summary>
    private static void Fill(Stream target, long[] shape, bool ones, ulong seed)
    {
        const ushort one = 0x3F80, sign = 0x8000, mantissa = 0x7F;
        var random = new SplitMix64(seed);
        ushort[] values = new ushort[ChunkBytes / sizeof(ushort)];
        values.AsSpan().Fill(one);
        for (long left = shape.Aggregate(1L, (product, size) => product * size); left > 0; left -= values.Length)
        {
            int count = (int)Math.Min(values.Length, left);
            for (int i = 0; !ones && i < count; i += 4)
            {
                ulong bits = random.Next();
                // 2^-7 or 2^-6, times 1 to 2: 0.008 to 0.03 on either side of zero.
                for (int k = 0; k < 4; k++, bits >>= 16)
                    values[i + k] = (ushort)(bits & (sign | mantissa) | (120 + ((bits >> 7) & 1)) << 7);
            }
            target.Write(MemoryMarshal.AsBytes(values.AsSpan(0, count)));
        }
    }

    private static JsonObject Json(string path) => JsonNode.Parse(File.ReadAllText(path))!.AsObject();
}
