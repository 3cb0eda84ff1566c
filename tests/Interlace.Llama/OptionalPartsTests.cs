using System.Text.Json.Nodes;
using Interlace.Tests;
using Interlace.Tests.Cli;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Llama;

/// <summary>Models of random weights with the parts that only some have: llama.cpp's logits are ours.</summary>
public sealed class OptionalPartsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("qwen3", """{ "tie_word_embeddings": true }""")]
    [InlineData("qwen3", """{ "tie_word_embeddings": false, "head_dim": 24 }""")]
    [InlineData("qwen2", """{ "tie_word_embeddings": true, "head_dim": null }""")]
    [InlineData("qwen2", """{ "tie_word_embeddings": false, "head_dim": null }""")]
    [InlineData("llama", """{ "tie_word_embeddings": false, "head_dim": 16 }""")]
    [InlineData("llama", """{ "attention_bias": true, "mlp_bias": true }""")]
    [InlineData("llama", """{ "rope_scaling": { "rope_type": "linear", "factor": 4.0 } }""")]
    [InlineData("llama", """
        { "rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64 } }
        """)]
    [InlineData("qwen2", """{ "rope_scaling": { "rope_type": "linear", "factor": 2.5 }, "head_dim": null }""")]
    public void Logits_are_ours(string family, string settings)
    {
        string folder = _scratch.Copy(TinyCheckpoints.Text, "model");
        TinyCheckpoints.Remake(folder, config =>
        {
            config["model_type"] = family;
            foreach (var (key, value) in JsonNode.Parse(settings)!.AsObject())
                if (value is null) config.AsObject().Remove(key);
                else config[key] = value.DeepClone();
        });
        using var loaded = LoadedModel.Open(folder, CPU, ScalarType.Float32);
        using var model = ExportedModel.Open(folder, _scratch);
        const string text = "Two plus two is four.\nThe lighthouse keeper climbed the stairs every evening, and 12 times 345 is 4140.";
        int[] ids = loaded.Processor.Tokenizer.Encode(text);
        Assert.Equal(ids, model.Tokenize(text));
        using var _ = no_grad();
        using var batch = Batch.Pack([loaded.Processor.OfText(ids)], CPU);
        using var scope = NewDisposeScope();
        float[] expected = [.. loaded.Model.Logits(loaded.Model.Hidden(batch))[-1].contiguous().data<float>()];
        float[] own = model.Logits([new(ids, null)]);
        double difference = expected.Zip(own, (x, y) => Math.Abs(x - y)).Max(), range = expected.Max(Math.Abs);
        Assert.True(difference <= 2e-4 * range, $"{difference} of {range}");
    }
}
