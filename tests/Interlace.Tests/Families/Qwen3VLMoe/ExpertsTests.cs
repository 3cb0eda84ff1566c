using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Families.Qwen3VLMoe;

/// <summary>How the experts' matrices lie in a file is told from the file, whatever their sizes are.</summary>
public sealed class ExpertsTests : IDisposable
{
    private const string GateUp = "gate_up_proj", Down = "down_proj";

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    // The width of the stream is 48: neither tensor is ambiguous, the first, the second.
    [Theory, InlineData(16), InlineData(24), InlineData(48)]
    public void Both_ways_in_which_experts_lie_compute_the_same(int size)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var tensors = TensorsOf(size);
        using var published = LoadedModel.Open(Write("published", size, tensors), CPU, ScalarType.Float32);
        using var newer = LoadedModel.Open(Write("newer", size, Turned(tensors, GateUp, Down)), CPU, ScalarType.Float32);
        Tensor Logits(LoadedModel loaded)
        {
            using var batch = Batch.Pack([loaded.Processor.Encode([new("user", "Which colour is it?")], [], addGenerationPrompt: true)], CPU);
            return loaded.Model.Logits(loaded.Model.Hidden(batch));
        }
        Tensor logits = Logits(published);
        Assert.True((logits - Logits(newer)).abs().max().item<float>() <= 1e-5 * logits.abs().max().item<float>());
        Assert.Equal(1, ModelTensors.Expected(newer.Folder).Count(tensor => tensor.Key.EndsWith($"layers.0.mlp.experts.{GateUp}", StringComparison.Ordinal)
            && tensor.Value.AsSpan().SequenceEqual([5, 2 * size, 48])));
    }

    [Theory, InlineData(GateUp), InlineData(Down)]
    public void Experts_that_lie_both_ways_are_refused(string turned)
    {
        string folder = Write("mixed", 16, Turned(TensorsOf(16), turned));
        Assert.Contains("nobody can tell what the model computes",
            Assert.Throws<InputException>(() => LoadedModel.Open(folder, CPU, ScalarType.Float32)).Message);
    }

    [Fact]
    public void Experts_of_another_size_than_the_configuration_says_are_refused()
    {
        string folder = Write("other", 16, Turned(TensorsOf(18), GateUp, Down));
        Assert.Contains("its config.json asks for", Assert.Throws<InputException>(() => LoadedModel.Open(folder, CPU, ScalarType.Float32)).Message);
    }

    /// <summary>Random weights of the tiny model with experts of a size, as published files have them.</summary>
    private Dictionary<string, Tensor> TensorsOf(int size)
    {
        manual_seed(size);
        return ModelTensors.Expected(Write($"shapes{size}", size, [])).ToDictionary(
            tensor => tensor.Key, tensor => tensor.Value.Length == 1 ? ones(tensor.Value) : randn(tensor.Value).Times(0.2));
    }

    private static Dictionary<string, Tensor> Turned(Dictionary<string, Tensor> tensors, params string[] names) => tensors.ToDictionary(
        tensor => tensor.Key, tensor => names.Any(name => tensor.Key.EndsWith($".experts.{name}", StringComparison.Ordinal))
            ? tensor.Value.transpose(1, 2).contiguous() : tensor.Value);

    private string Write(string name, int size, Dictionary<string, Tensor> tensors)
    {
        string folder = _scratch.Copy(TinyCheckpoints.Experts, name);
        foreach (string file in Directory.EnumerateFiles(folder, "model*")) File.Delete(file);
        JsonNode config = StrictJson.ReadObject(Path.Combine(folder, "config.json"));
        config["text_config"]!["moe_intermediate_size"] = size;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        if (tensors.Count > 0)
            CheckpointWriter.Write(folder, [[.. tensors.Select(tensor => TensorSource.FromTensor(tensor.Key, tensor.Value))]]);
        return folder;
    }
}
