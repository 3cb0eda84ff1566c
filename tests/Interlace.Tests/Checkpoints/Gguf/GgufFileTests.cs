using System.Buffers.Binary;
using System.Text;
using Interlace.Tests.Cli;
using Interlace.Tests.Importing;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Tests.Checkpoints.Gguf;

/// <summary>Files that are damaged, or that somebody made to do harm: one sentence, code 2, nothing left.</summary>
public sealed class GgufFileTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    /// <summary>What is wrong, the words that name it, and how a right file becomes such a one.</summary>
    private static readonly (string Fault, string Named, Func<GgufBytes, byte[]> Make)[] Faults =
    [
        ("no GGUF file", "does not begin with 'GGUF'", file => [(byte)'X', .. file.ToArray()[1..]]),
        ("empty", "has only 0 bytes", _ => []),
        ("text", "is no GGUF file", _ => "this is a text, and not a model at all"u8.ToArray()),
        ("version 1", "of GGUF version 1", file => { file.Version = 1; return file.ToArray(); }),
        ("big-endian", "a big-endian GGUF file", file => { file.Version = 0x03000000; return file.ToArray(); }),
        ("tensor count", "claims 18446744073709551615 tensors", file => Patched(file, 8, ulong.MaxValue)),
        ("key count", "claims 18446744073709551615 keys", file => Patched(file, 16, ulong.MaxValue)),
        ("many keys", "claims 60000 keys", file => Patched(file, 16, 60_000)),
        ("key length", "a key has 18446744073709551615 bytes", file => Patched(file, 24, ulong.MaxValue)),
        ("text length", "ends within the value of", file => Raw(file, 8, ulong.MaxValue)),
        ("list length", "claims 9223372036854775808 items", file => Raw(file, 9, 4, 0x8000000000000000)),
        ("list of lists", "a list of lists", file => Raw(file, 9, 9, 1)),
        ("unknown kind", "of the unknown type 99", file => Raw(file, 99, 0)),
        ("key twice", "has the key 'general.name' twice", file => { file.Keys.Add(("general.name", "again")); return file.ToArray(); }),
        ("alignment 3", "general.alignment is 3", file => file.With("general.alignment", 3u).ToArray()),
        ("alignment 0", "general.alignment is 0", file => file.With("general.alignment", 0u).ToArray()),
        ("alignment huge", "general.alignment is", file => file.With("general.alignment", 1u << 31).ToArray()),
        ("no dimensions", "has 0 dimensions", file => Tensor(file, t => t with { Shape = [] })),
        ("many dimensions", "has 5 dimensions", file => Tensor(file, t => t with { Shape = [1, 1, 1, 1, 32] })),
        ("size 0", "impossibly large, or empty", file => Tensor(file, t => t with { Shape = [0] })),
        ("size huge", "impossibly large", file => Tensor(file, t => t with { Shape = [int.MaxValue, int.MaxValue, int.MaxValue] })),
        ("size beyond file", "is truncated", file => Tensor(file, t => t with { Shape = [1 << 30] })),
        ("unknown type", "of type number 77", file => Tensor(file, t => t with { Type = 77 })),
        ("unread type", "of type IQ2_XXS", file => Tensor(file, t => t with { Type = 16 })),
        ("half a block", "no multiple of the 256", file => Tensor(file, t => t with { Type = 12 })),
        ("misaligned", "no multiple of 32", file => Tensor(file, t => t with { Offset = 4 })),
        ("offset beyond file", "is truncated", file => Tensor(file, t => t with { Offset = 1L << 40 })),
        ("offset overflows", "is truncated", file => Tensor(file, t => t with { Offset = -32 })),
        ("overlap", "overlap", file => Tensor(file, t => t with { Offset = 0 })),
        ("name twice", "holds the tensor output_norm.weight twice", file => { file.Tensors.Add(file.Tensors[^1]); return file.ToArray(); }),
        ("long name", "the name of a tensor has", file => Tensor(file, t => t with { Name = new string('x', 64) })),
        ("path in a name", "which a complete model has", file => Tensor(file, t => t with { Name = "../../output_norm.weight" })),
        ("extra tensor", "has a tensor '../evil.weight'", file =>
        {
            file.Tensors.Add(GgufBytesTensor.F32("../evil.weight", [1], [1]));
            return file.ToArray();
        }),
        ("missing tensor", "has no tensor output_norm.weight",
            file => { file.Tensors.RemoveAt(file.Tensors.Count - 1); return file.ToArray(); }),
        ("wrong shape", "has the sizes [1, 32], expected [32]", file => Tensor(file, t => t with { Shape = [1, 32] })),
        ("NaN", "no numbers", file => Tensor(file, t => t with { Bytes = [0, 0, 0xC0, 0x7F, .. t.Bytes[4..]] })),
        ("infinite", "no numbers", file => Tensor(file, t => t with { Bytes = [0, 0, 0x80, 0x7F, .. t.Bytes[4..]] })),
        ("beyond bf16", "no numbers", file => Tensor(file, t => t with { Bytes = [0xFF, 0xFF, 0x7F, 0x7F, .. t.Bytes[4..]] })),
        ("part of a model", "is one of 3 parts", file => file.With("split.count", 3u).ToArray()),
        ("no architecture", "has no key general.architecture", file => file.With("general.architecture", null).ToArray()),
        ("other architecture", "of architecture 'mamba'", file => file.With("general.architecture", "mamba").ToArray()),
        ("architecture number", "general.architecture is of type u32", file => file.With("general.architecture", 3u).ToArray()),
        ("no layers key", "has no key llama.block_count", file => file.With("llama.block_count", null).ToArray()),
        ("layers 0", "llama.block_count is 0", file => file.With("llama.block_count", 0u).ToArray()),
        ("layers huge", "more than any model has", file => file.With("llama.block_count", uint.MaxValue / 2).ToArray()),
        ("layers many", "has no tensor blk.2.", file => file.With("llama.block_count", 3u).ToArray()),
        ("layers few", "has a tensor 'blk.1.", file => file.With("llama.block_count", 1u).ToArray()),
        ("layers negative", "llama.block_count is -1", file => file.With("llama.block_count", -1).ToArray()),
        ("heads", "heads", file => file.With("llama.attention.head_count", 3u).ToArray()),
        ("epsilon", "expected a positive number", file => file.With("llama.attention.layer_norm_rms_epsilon", -1f).ToArray()),
        ("epsilon NaN", "is no number", file => file.With("llama.attention.layer_norm_rms_epsilon", float.NaN).ToArray()),
        ("no theta", "has no key llama.rope.freq_base", file => file.With("llama.rope.freq_base", null).ToArray()),
        ("experts", "a key 'llama.expert_count'", file => file.With("llama.expert_count", 8u).ToArray()),
        ("part of a head", "llama.rope.dimension_count is 4", file => file.With("llama.rope.dimension_count", 4u).ToArray()),
        ("rows", "llama.vocab_size is 7", file => file.With("llama.vocab_size", 7u).ToArray()),
        ("yarn", "rope scaling of type 'yarn'", file => file.With("llama.rope.scaling.type", "yarn").ToArray()),
        ("rope factors", "not the scaling of Llama 3.1", file =>
        {
            file.Tensors.Add(GgufBytesTensor.F32("rope_freqs.weight", [4], [1, 2, 3, 8]));
            return file.ToArray();
        }),
        ("pieces of sentences", "tokenizer of kind 'llama'", file => file.With("tokenizer.ggml.model", "llama").ToArray()),
        ("unknown pre", "'viking'", file => file.With("tokenizer.ggml.pre", "viking").ToArray()),
        ("no pre", "does not say how texts are cut", file => file.With("tokenizer.ggml.pre", null).ToArray()),
        ("default pre", "does not say how texts are cut", file => file.With("tokenizer.ggml.pre", "default").ToArray()),
        ("no tokens", "has no key tokenizer.ggml.tokens", file => file.With("tokenizer.ggml.tokens", null).ToArray()),
        ("few types", "types of tokens", file => file.With("tokenizer.ggml.token_type", new[] { 1 }).ToArray()),
        ("token twice", "has the token 'a' twice", file => Token(file, 5, "a")),
        ("merge of nothing", "merge", file => file.With("tokenizer.ggml.merges", new[] { "no such" }).ToArray()),
        ("merge without a blank", "merge", file => file.With("tokenizer.ggml.merges", new[] { "ab" }).ToArray()),
        ("end of text", "tokenizer.ggml.eos_token_id is 4000", file => file.With("tokenizer.ggml.eos_token_id", 4000u).ToArray()),
        ("context", "has no key llama.context_length", file => file.With("llama.context_length", null).ToArray()),
        ("text that is none", "no UTF-8",
            file => file.With("general.architecture", new byte[] { 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xFF }).ToArray()),
    ];

    public static TheoryData<string> Wrong => [.. Faults.Select(fault => fault.Fault)];

    [Theory, MemberData(nameof(Wrong))]
    public void A_damaged_file_is_refused_and_nothing_is_left(string fault)
    {
        var (_, named, make) = Faults.Single(entry => entry.Fault == fault);
        string path = _scratch.At("x.gguf");
        File.WriteAllBytes(path, make(TinyGguf.Create()));
        var run = CommandRun.Of("import", path, "--out", _scratch.At("model"), "--quiet");
        Assert.Contains(named, run.Refusal(), StringComparison.Ordinal);
        Assert.Equal(["x.gguf"], _scratch.Entries());
    }

    [Fact]
    public void A_file_that_ends_anywhere_is_refused()
    {
        byte[] whole = TinyGguf.Create().ToArray();
        string path = _scratch.At("x.gguf");
        int header = whole.AsSpan().IndexOf("output_norm.weight"u8) + 64;
        for (int length = 0; length < whole.Length; length += length < header ? 13 : 4099)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InputException>(() => Take(path));
        }
        File.WriteAllBytes(path, whole);
        Take(path);
    }

    /// <summary>Whatever single bytes become, there is a model or a sentence.</summary>
    [Fact]
    public void A_file_with_changed_bytes_is_taken_or_refused()
    {
        byte[] whole = TinyGguf.Create().ToArray();
        string path = _scratch.At("x.gguf");
        int header = whole.AsSpan().IndexOf("output_norm.weight"u8) + 64, refused = 0;
        var random = new Random(11);
        for (int round = 0; round < 1500; round++)
        {
            byte[] changed = [.. whole];
            for (int i = random.Next(3); i >= 0; i--) changed[random.Next(header)] = (byte)(random.Next(2) == 0 ? 0xFF : random.Next(256));
            File.WriteAllBytes(path, changed);
            try
            {
                Take(path);
            }
            catch (InputException error)
            {
                refused++;
                Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
            }
        }
        Assert.InRange(refused, 100, 1499);
    }

    private static void Take(string path)
    {
        using var model = GgufModel.Open(path);
        model.Files(ElementType.BF16);
        foreach (var tensor in model.Tensors(ElementType.BF16)) tensor.CopyTo(Stream.Null, CancellationToken.None);
    }

    private static byte[] Patched(GgufBytes file, int at, ulong value)
    {
        byte[] bytes = file.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    /// <summary>A key whose value claims something: its type, and what follows.</summary>
    private static byte[] Raw(GgufBytes file, uint type, params ulong[] values)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(type);
        if (type == 9)
        {
            writer.Write((uint)values[0]);
            values = values[1..];
        }
        foreach (ulong value in values) writer.Write(value);
        return file.With("general.name", stream.ToArray()).ToArray();
    }

    private static byte[] Tensor(GgufBytes file, Func<GgufBytesTensor, GgufBytesTensor> change)
    {
        file.Tensors[^1] = change(file.Tensors[^1]);
        return file.ToArray();
    }

    private static byte[] Token(GgufBytes file, int id, string token)
    {
        var tokens = (string[])file.Keys.Single(entry => entry.Key == "tokenizer.ggml.tokens").Value;
        tokens[id] = token;
        return file.ToArray();
    }
}
