using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests;

/// <summary>
/// Model folders of a few thousand random weights, for tests that need a checkpoint and no golden value. They are made once,
/// must not be written to
/// (<see cref="ScratchFolder.Copy"/>), and take their tokenizer and chat template from the demo's model.
/// </summary>
internal static class TinyCheckpoints
{
    private static readonly string Demo = Path.Combine(Shared.Repository, "assets", "demo", "model");
    private static readonly ScratchFolder Folder = new();

    private static readonly Lazy<string> One =
        new(() => Make("tied", layers: 12, hidden: 64, heads: 4, tied: true, [1, 3, 5], ElementType.BF16, shards: 1));
    private static readonly Lazy<string> Other =
        new(() => Make("untied", layers: 36, hidden: 48, heads: 6, tied: false, [0, 2], ElementType.F32, shards: 3));

    private static readonly Lazy<string> Third = new(MakeText);

    // Experts half as wide as the stream: the shape of one of their tensors does not tell how it lies.
    private static readonly Lazy<string> Fourth = new(() => Make("experts", layers: 10, hidden: 48, heads: 4, tied: false, [0, 2], ElementType.F32,
        shards: 2, WithExperts(chosen: 2, count: 5, size: 24, dense: [4, 6])));

    private static readonly Lazy<string> Fifth = new(() => Make("broad", layers: 6, hidden: 64, heads: 4, tied: true, [1, 3, 5],
        ElementType.BF16, shards: 1, config => config["text_config"]!["intermediate_size"] = 16_384));

    static TinyCheckpoints() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Folder.Dispose();

    /// <summary>12 layers, visual features behind the first three; one file of bfloat16 weights; the embedding is the head.</summary>
    public static string Tied => One.Value;

    /// <summary>36 layers, visual features behind the first two; three files of float32 weights with an index; a head of its own.</summary>
    public static string Untied => Other.Value;

    /// <summary>10 layers, all but two with experts, visual features behind the first two; two files of float32 weights.</summary>
    public static string Experts => Fourth.Value;

    /// <summary>
    /// 6 layers whose feed-forward is as broad as that of a large model, so that its bfloat16 weights stay in the file where fp32 is
    /// computed.
    /// </summary>
    public static string Broad => Fifth.Value;

    /// <summary>10 layers, no images; one file of bfloat16 weights.</summary>
    public static string Text => Third.Value;

    private static string Make(string name, int layers, int hidden, int heads, bool tied, int[] taps, ElementType type, int shards,
        Action<JsonNode>? change = null)
    {
        string folder = FolderWith(name, "tokenizer.json", "merges.txt", "chat_template.json");
        Edit(folder, "config.json", config =>
        {
            JsonNode text = config["text_config"]!, vision = config["vision_config"]!;
            (config["tie_word_embeddings"], text["tie_word_embeddings"]) = (tied, tied);
            (text["num_hidden_layers"], text["hidden_size"], text["intermediate_size"], vision["out_hidden_size"]) =
                (layers, hidden, 2 * hidden, hidden);
            (text["num_attention_heads"], text["num_key_value_heads"], text["head_dim"]) = (heads, 2, 16);
            text["rope_scaling"]!["mrope_section"] = new JsonArray(4, 2, 2);
            (vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]) = (48, 96, 16);
            vision["deepstack_visual_indexes"] = new JsonArray([.. taps.Select(tap => (JsonNode)tap)]);
            change?.Invoke(config);
        });
        Edit(folder, "preprocessor_config.json", settings => (settings["patch_size"], settings["size"]!["shortest_edge"]) = (16, 4096));
        Edit(folder, "generation_config.json",
            settings => (settings["do_sample"], settings["temperature"], settings["top_k"], settings["top_p"]) = (true, 0.7, 20, 0.8));
        return WithWeights(folder, type, shards);
    }

    /// <summary>Makes a configuration that of a model with experts.</summary>
    /// <param name="chosen">Experts that a token goes to.</param>
    /// <param name="count">Number of experts.</param>
    /// <param name="size">Width of an expert.</param>
    /// <param name="dense">Layers without them.</param>
    public static Action<JsonNode> WithExperts(int chosen, int count, int size, int[] dense) => config =>
    {
        JsonNode text = config["text_config"]!;
        config["model_type"] = "qwen3_vl_moe";
        (text["num_experts"], text["num_experts_per_tok"], text["moe_intermediate_size"]) = (count, chosen, size);
        (text["mlp_only_layers"], text["decoder_sparse_step"]) = (new JsonArray([.. dense.Select(layer => (JsonNode)layer)]), 1);
    };

    /// <summary>The decoder of the demo's model as one of text alone, with that family's own chat template.</summary>
    private static string MakeText()
    {
        string folder = FolderWith("text", "tokenizer.json", "merges.txt", "generation_config.json");
        Edit(folder, "config.json", config =>
        {
            JsonObject text = config["text_config"]!.AsObject(), whole = config.AsObject();
            whole.Clear();
            foreach (var (key, value) in text) whole[key] = value?.DeepClone();
            whole.Remove("rope_scaling");
            (whole["model_type"], whole["num_hidden_layers"], whole["hidden_size"]) = ("qwen3", 10, 48);
        });
        return WithWeights(folder, ElementType.BF16, shards: 1);
    }

    /// <summary>Changes the configuration of a copy and gives it new weights of the shapes that it asks for.</summary>
    /// <param name="folder">A writable copy of one of the folders.</param>
    /// <param name="change">Changes <c>config.json</c>.</param>
    public static void Remake(string folder, Action<JsonNode> change)
    {
        string path = Path.Combine(folder, "config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        change(config);
        File.WriteAllText(path, config.ToString());
        foreach (string file in Directory.EnumerateFiles(folder, "*.safetensors*")) File.Delete(file);
        WithWeights(folder, ElementType.F32, shards: 1);
    }

    private static string FolderWith(string name, params string[] files)
    {
        Directory.CreateDirectory(Folder.At(name));
        foreach (string file in files) File.Copy(Path.Combine(Demo, file), Folder.At(name, file));
        return Folder.At(name);
    }

    /// <summary>A file of the demo's model, changed.</summary>
    private static void Edit(string folder, string file, Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(Demo, file)))!;
        change(json);
        File.WriteAllText(Path.Combine(folder, file), json.ToString());
    }

    private static string WithWeights(string folder, ElementType type, int shards)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var random = new SplitMix64(7);
        TensorSource[] tensors = [.. ModelTensors.Expected(folder)
            .Select(tensor => Random(tensor.Key, tensor.Value, type, ref random))];
        CheckpointWriter.Write(folder, tensors.Chunk((tensors.Length + shards - 1) / shards));
        return folder;
    }

    /// <summary>Norms are around one; other weights keep the length of what goes through them.</summary>
    private static TensorSource Random(string name, long[] shape, ElementType type, ref SplitMix64 random)
    {
        bool norm = name.Contains("norm", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal);
        var (centre, width) = (norm ? 1f : 0f, norm || shape.Length == 1
            ? 0.2 : Math.Sqrt(12.0 / shape[1..].Aggregate(1L, (product, size) => product * size)));
        float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        foreach (ref float value in values.AsSpan()) value = centre + (float)(width * (random.NextDouble() - 0.5));
        return TensorSource.FromTensor(name, TorchSharp.torch.tensor(values).view(shape), type);
    }
}
