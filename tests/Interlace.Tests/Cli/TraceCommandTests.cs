using System.Text.Json.Nodes;
using Interlace.Tests.Families.Qwen3VL;
using TorchSharp;

namespace Interlace.Tests.Cli;

public sealed class TraceCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    /// <summary>Every complete recording in fp32: checkpoint and sample.</summary>
    public static TheoryData<string, string> Recordings => [.. Goldens.Samples.Where(sample => File.Exists(Shared.At("fixtures/qwen3vl/forward", $"{sample.Checkpoint}.{sample.Sample}.f32.safetensors")))];

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Recordings)), Trait("Category", "Golden")]
    public void A_trace_from_files_alone_holds_the_recorded_tensors_and_no_others(string checkpoint, string sample)
    {
        string path = _scratch.At("trace.safetensors");
        var run = CommandRun.Of("trace", Goldens.PathOf(checkpoint), "--input", Messages(checkpoint, sample), "--out", path, "--device",
            Goldens.DeviceName, "--dtype", "fp32");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Dictionary<string, torch.Tensor> expected = Goldens.Load(Goldens.PathOf("forward", $"{checkpoint}.{sample}.f32.safetensors")), actual = Goldens.Load(path);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        var worst = new Dictionary<string, double>();
        foreach (var (name, value) in expected)
        {
            Assert.Equal((value.dtype, string.Join(' ', value.shape)), (actual[name].dtype, string.Join(' ', actual[name].shape)));
            using var scope = torch.NewDisposeScope();
            worst[name] = (actual[name] - value).abs().max().to(torch.ScalarType.Float64).item<double>() / value.abs().max().to(torch.ScalarType.Float64).item<double>();
        }
        TestContext.Current.SendDiagnosticMessage($"{checkpoint}/{sample}: largest deviation {worst.Values.Max():g2} at {worst.MaxBy(w => w.Value).Key}");
        Assert.All(worst, tensor => Assert.True(tensor.Value <= (actual[tensor.Key].is_floating_point() ? 1e-4 : 0), $"{tensor.Key}: {tensor.Value}"));
        foreach (var tensor in expected.Values.Concat(actual.Values)) tensor.Dispose();
    }

    [Fact]
    public void The_type_of_the_computation_is_the_type_of_the_file()
    {
        string model = TinyCheckpoints.Tied, path = _scratch.At("out", "trace.safetensors");
        File.WriteAllText(_scratch.At("messages.json"), """[{"role": "user", "content": "Hello"}]""");
        string[] arguments = ["trace", model, "--input", _scratch.At("messages.json"), "--out", path, "--device", "cpu", "--dtype", "bf16", "--json"];
        JsonNode[] tensors = [.. CommandRun.Of(arguments).Json()["tensors"]!.AsArray().Select(tensor => tensor!)];
        Assert.Equal("BF16", (string)tensors.Single(tensor => (string)tensor["name"]! == "logits")["type"]!);
        Assert.DoesNotContain(tensors, tensor => ((string)tensor["name"]!).StartsWith("vision", StringComparison.Ordinal));
        Assert.Contains("--force", CommandRun.Of(arguments).Refusal(), StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of([.. arguments, "--force"]).Code);
    }

    [Fact]
    public void An_interrupted_trace_leaves_no_file()
    {
        string model = TinyCheckpoints.Tied, path = _scratch.At("trace.safetensors");
        File.WriteAllText(_scratch.At("messages.json"), """{"messages": [{"role": "user", "content": "Hello"}]}""");
        Assert.Equal(130, CommandRun.Of(new CancellationToken(canceled: true), "trace", model, "--input", _scratch.At("messages.json"), "--out", path, "--device", "cpu").Code);
        Assert.Equal(["messages.json"], _scratch.Entries());
    }

    private string Messages(string checkpoint, string sample)
    {
        JsonNode messages = Goldens.Recorded("chat", checkpoint)["conversations"]![sample]!["messages"]!.DeepClone();
        foreach (var part in messages.AsArray().Select(message => message!["content"]).OfType<JsonArray>().SelectMany(parts => parts))
            if (part!["image"] is { } image) part["image"] = Path.GetRelativePath(_scratch.Path, Goldens.PathOf((string)image!));
        string path = _scratch.At("messages.json");
        File.WriteAllText(path, new JsonObject { ["messages"] = messages }.ToJsonString());
        return path;
    }
}
