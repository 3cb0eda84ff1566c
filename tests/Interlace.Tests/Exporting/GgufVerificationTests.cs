using System.Text.Json.Nodes;
using Interlace.Exporting;
using Interlace.Tests.Cli;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Tests.Exporting;

public sealed class GgufVerificationTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _target;

    public GgufVerificationTests() => _target = _scratch.At("gguf");

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("f32")]
    [InlineData("f16")]
    [InlineData("bf16")]
    [InlineData("q8_0")]
    public void An_exported_model_holds_in_both_files_and_one_bit_breaks_it(string type)
    {
        ExportStage.Run(TinyCheckpoints.Tied, _target, type, "tiny");
        string text = Path.Combine(_target, $"tiny-{type}.gguf"), vision = Path.Combine(_target, $"mmproj-tiny-{type}.gguf");
        var held = CommandRun.Of("verify", TinyCheckpoints.Tied, "--gguf", text, vision, "--json");
        Assert.True((bool)held.Json()["holds"]!, held.Out);
        Assert.Equal(0, held.Code);

        foreach (string path in (string[])[text, vision])
        {
            string name;
            long at;
            using (var file = GgufFile.Open(path))
            {
                var tensor = file.Tensors[file.Tensors.Count / 2];
                (name, at) = (tensor.Name, tensor.Offset + tensor.Bytes - 1);
            }
            byte[] bytes = File.ReadAllBytes(path);
            bytes[at] ^= 1;
            File.WriteAllBytes(path, bytes);
            var broken = CommandRun.Of("verify", TinyCheckpoints.Tied, "--gguf", path, "--json");
            Assert.Equal(2, broken.Code);
            Assert.Contains(name, Failed(broken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Another_model_another_key_and_another_layer_are_told_apart()
    {
        ExportStage.Run(TinyCheckpoints.Tied, _target, "f16", "tiny");
        string path = Path.Combine(_target, "tiny-f16.gguf");
        string other = Failed(CommandRun.Of("verify", TinyCheckpoints.Untied, "--gguf", path, "--json"));
        Assert.Contains("keys", other, StringComparison.Ordinal);

        byte[] bytes = File.ReadAllBytes(path);
        int theta = bytes.AsSpan().IndexOf("qwen3vl.rope.freq_base"u8) + "qwen3vl.rope.freq_base".Length + sizeof(uint);
        BitConverter.TryWriteBytes(bytes.AsSpan(theta), 10_000f);
        File.WriteAllBytes(path, bytes);
        Assert.Contains("qwen3vl.rope.freq_base", Failed(CommandRun.Of("verify", TinyCheckpoints.Tied, "--gguf", path, "--json")),
            StringComparison.Ordinal);

        Assert.Contains("--parent", CommandRun.Of("verify", TinyCheckpoints.Tied).Refusal(), StringComparison.Ordinal);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Assert.Contains("truncated", CommandRun.Of("verify", TinyCheckpoints.Tied, "--gguf", path).Refusal(), StringComparison.Ordinal);
    }

    /// <summary>What the first check that fails is called and says.</summary>
    private static string Failed(CommandRun run)
    {
        JsonNode failed = run.Json()["checks"]!.AsArray().First(check => !(bool)check!["passed"]!)!;
        return $"{failed["name"]} {failed["detail"]}";
    }
}
