using System.Buffers.Binary;
using System.Text.Json;
using Interlace.Cli;

namespace Interlace.Tests.Cli;

/// <summary>Names and texts from files never command the terminal, and no sentence is as long as what it quotes.</summary>
public sealed class PrintableTextTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_name_with_codes_is_drawn_without_them_and_our_own_colours_stay()
    {
        string file = Tensors("evil\u001b[31m\u001b]0;title\u0007\u202e", "F32");
        var plain = CommandRun.Of("inspect", file);
        Assert.Equal(0, plain.Code);
        Assert.Contains("evil␛[31m␛]0;title␇", plain.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(plain.Out, c => char.IsControl(c) && c != '\n' || c == '\u202e');
        foreach (string path in new[] { file, RunFolder() })
        {
            StringWriter coloured = new();
            Assert.Equal(0, CommandLine.Run(["inspect", path],
                new Terminal(coloured, new StringWriter(), OutIsTerminal: true, ErrorIsTerminal: true, Colours: true),
                CancellationToken.None));
            Assert.DoesNotContain("\u001b[31m", coloured.ToString(), StringComparison.Ordinal);
            if (path != file) Assert.Contains("\u001b[", coloured.ToString(), StringComparison.Ordinal);
        }
        Assert.DoesNotContain('\u001b', CommandRun.Of("inspect", file, "--json").Out);
    }

    [Fact]
    public void A_sentence_about_a_long_name_is_short_and_whole_at_both_ends()
    {
        string sentence = CommandRun.Of("inspect", Tensors("\u001b" + new string('x', 5_000_000), "F99")).Refusal();
        Assert.InRange(sentence.Length, 100, 700);
        Assert.Contains("tensor ␛xxx", sentence, StringComparison.Ordinal);
        Assert.EndsWith("F99.", sentence, StringComparison.Ordinal);
        Assert.InRange(CommandRun.Of("score", "none" + new string('y', 3000)).Refusal().Length, 100, 700);
    }

    private string RunFolder()
    {
        File.WriteAllText(_scratch.At("run", "run.json"), """{"command": "evaluate \u001b[31m"}""");
        File.WriteAllText(_scratch.At("run", "report.html"), "");
        return _scratch.At("run");
    }

    private string Tensors(string name, string type)
    {
        byte[] header = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { [name] = new { dtype = type,
            shape = new[] { 1 }, data_offsets = new[] { 0, 4 } } });
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        File.WriteAllBytes(_scratch.At("a.safetensors"), [.. length, .. header, 0, 0, 0, 0]);
        return _scratch.At("a.safetensors");
    }
}
