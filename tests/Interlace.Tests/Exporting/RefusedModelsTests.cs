using System.Text.Json.Nodes;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Exporting;

/// <summary>What a GGUF file cannot say is refused by its name, and nothing is written.</summary>
public sealed class RefusedModelsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("config.json", """{ "quantization_config": { "quant_method": "gptq" } }""", "quantization_config")]
    [InlineData("config.json", """{ "hidden_act": "gelu" }""", "not silu")]
    [InlineData("config.json", """{ "rope_scaling": { "rope_type": "dynamic", "factor": 2.0 } }""", "rope scaling dynamic")]
    [InlineData("config.json", """
        { "rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64 } }
        """, "rope scaling llama3")]
    [InlineData("config.json", """{ "hidden_size": 96 }""", "expected [")]
    [InlineData("config.json", """{ "model_type": "gemma3_text" }""", "its index")]
    [InlineData("config.json", """{ "model_type": "bert" }""", "'bert'")]
    [InlineData("tokenizer.json", """{ "normalizer": { "type": "Lowercase" } }""", "Lowercase")]
    [InlineData("tokenizer.json", """{ "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": true } }""", "other rules")]
    public void A_model_that_asks_for_more_is_refused(string file, string change, string says)
    {
        string folder = _scratch.Copy(TinyCheckpoints.Text, "model"), path = Path.Combine(folder, file);
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (var (key, value) in JsonNode.Parse(change)!.AsObject()) json[key] = value?.DeepClone();
        File.WriteAllText(path, json.ToString());
        Assert.Contains(says, Refusal(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Biases_that_the_runtime_does_not_read_are_refused()
    {
        string folder = _scratch.Copy(TinyCheckpoints.Text, "model");
        TinyCheckpoints.Remake(folder, config => config["attention_bias"] = true);
        Assert.Contains("biases", Refusal(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Experts_are_refused() => Assert.Contains("'qwen3_vl_moe'", Refusal(TinyCheckpoints.Experts), StringComparison.Ordinal);

    [Fact]
    public void A_tensor_that_no_row_has_is_not_lost()
    {
        string folder = _scratch.Copy(TinyCheckpoints.Text, "model");
        string path = Path.Combine(folder, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        // The same length: one layer's matrix under another name.
        byte[] from = "layers.0.mlp.up_proj.weight"u8.ToArray(), to = "layers.0.mlp.xx_proj.weight"u8.ToArray();
        to.CopyTo(bytes, bytes.AsSpan().IndexOf(from));
        File.WriteAllBytes(path, bytes);
        Assert.Contains("layers.0.mlp.xx_proj.weight", Refusal(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_beyond_a_type_and_weights_that_are_no_numbers_are_refused()
    {
        string folder = _scratch.Copy(TinyCheckpoints.Text, "model"), path = Path.Combine(folder, "model.safetensors");
        using (var checkpoint = Vlm.Checkpoints.Checkpoint.Open(folder))
            SetFirst(path, checkpoint.Find("model.layers.2.mlp.up_proj.weight").Entry.Offset, 0x47C0);   // 98,304 in bfloat16
        Assert.Contains("F16 ends at 65504", Refusal(folder), StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("export", folder, "--type", "bf16", "--out", _scratch.At("gguf")).Code);
        using (var checkpoint = Vlm.Checkpoints.Checkpoint.Open(folder))
            SetFirst(path, checkpoint.Find("model.layers.3.mlp.up_proj.weight").Entry.Offset, 0x7FC0);
        Assert.Contains("no numbers", CommandRun.Of("export", folder, "--type", "f32", "--out", _scratch.At("other"), "--quiet").Refusal(),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch.At("other")));
    }

    private string Refusal(string folder)
    {
        string target = _scratch.At("refused");
        string refusal = CommandRun.Of("export", folder, "--out", target, "--quiet").Refusal();
        Assert.False(Directory.Exists(target));
        return refusal;
    }

    private static void SetFirst(string path, long at, ushort bits)
    {
        using var file = File.OpenHandle(path, access: FileAccess.Write);
        RandomAccess.Write(file, BitConverter.GetBytes(bits), at);
    }
}
