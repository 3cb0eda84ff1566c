using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Families.Qwen3VL;

[Trait("Category", "Golden")]
public class ModelTests
{
    public static TheoryData<string, string> Samples => [.. Goldens.Samples.Select(s => (s.Checkpoint, s.Sample))];
    public static TheoryData<string> Checkpoints => [.. Goldens.Checkpoints];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Samples))]
    public void Every_tensor_of_a_pass_equals_the_reference(string checkpoint, string sample)
    {
        using var scope = NewDisposeScope();
        using var model = Goldens.Open(checkpoint);
        JsonNode recorded = Goldens.Recorded("forward", checkpoint)["samples"]![sample]!;
        var worst = new Dictionary<string, double>();
        using var _ = no_grad();
        using var batch = Batch.Pack([Goldens.Sample(checkpoint, sample)], Goldens.Device);
        foreach (var (name, value) in Trace(model, batch))
            if (recorded["tensors"]![name] is { } stats) worst[name] = Goldens.Deviation(stats, value);
        foreach (string name in recorded["tensors"]!.AsObject().Select(t => t.Key).Where(name => name is not ("pixel_values" or "rope.cos" or "rope.sin"))) Assert.Contains(name, worst);
        foreach (var (name, deviation) in worst)
            Assert.True(deviation <= (name.StartsWith("vision", StringComparison.Ordinal) ? 1e-5 : 1e-4), $"{name}: {deviation}");
        TestContext.Current.SendDiagnosticMessage($"{checkpoint}/{sample}: largest deviation {worst.Values.Max():g2} at {worst.MaxBy(w => w.Value).Key}");
    }

    internal static IEnumerable<(string Name, Tensor Value)> Trace(VisionLanguageModel model, Batch batch)
    {
        var tensors = new List<(string, Tensor)>();
        var (x, pass) = model.Embed(batch, observe: (name, value) => tensors.Add((name, value.clone().DetachFromDisposeScope())));
        using var shared = pass;
        Tensor hidden = model.Hidden(x, pass, (l, layer, input) =>
        {
            tensors.Add(($"layers.{l}.input", input.clone()));
            Tensor output = layer(input);
            tensors.Add(($"layers.{l}.output", output.clone()));
            return output;
        });
        tensors.Add(("final_norm", model.FinalNorm(hidden)));
        tensors.Add(("logits", model.Logits(hidden)));
        return tensors;
    }
}
