using System.Diagnostics;
using Interlace.Reporting;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Text;
using ParquetSharp;
using ParquetSharp.IO;
using TorchSharp;
using static TorchSharp.torch;
using KernelProducts = Interlace.Vlm.Engine.Kernels.Products;

namespace Interlace.Cli;

/// <summary>What is tried on the machine. A check returns its finding, and throws where something does not work.</summary>
internal static class Checks
{
    /// <summary>Red and green above blue and white.</summary>
    private static readonly byte[] TinyPng =
        Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEklEQVR42mP4z8DAAMIM/4EAAB/uBfvxq7p3AAAAAElFTkSuQmCC");

    private static ReadOnlySpan<byte> TinyTokenizer => """
        {
          "normalizer": {"type": "NFC"},
          "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}]},
          "decoder": {"type": "ByteLevel"},
          "model": {"type": "BPE", "vocab": {"h": 0, "i": 1, "hi": 2, "\u0120": 3, "\u0120hi": 4, "7": 5}, "merges": ["h i", "\u0120 hi"]}
        }
        """u8;

    /// <summary>Loads the engine and compares its version with those known to fit.</summary>
    public static string Engine()
    {
        Aten.RequireKnownEngine();
        return $"libtorch {Aten.Name(Aten.LoadedVersion())}, TorchSharp {typeof(torch).Assembly.GetName().Version!.ToString(3)}";
    }

    /// <summary>What the engine must do on a device.</summary>
    public static IEnumerable<(string Name, Func<string> Check)> OfEngine(Device device) =>
    [
        ("norm", () => Norm(device)),
        ("grouped attention", () => GroupedAttention(device)),
        ("backward step", () => BackwardStep(device)),
        ("fp32 products", () => Products(device, ScalarType.Float32)),
        ("bf16 products", () => Products(device, ScalarType.BFloat16)),
        ("fp32 attention", () => LongAttention(device, ScalarType.Float32)),
        ("bf16 attention", () => LongAttention(device, ScalarType.BFloat16)),
    ];

    /// <summary>What the other libraries must do.</summary>
    public static IEnumerable<(string Name, Func<string> Check)> OfLibraries =>
    [
        ("tokenizer", Tokenizing),
        ("images", Images),
        ("Parquet", Parquet),
        ("charts", Charts),
    ];

    private static string Norm(Device device)
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(new[] { 1f, 2, 3, 4, 5, 6, 7, 8 }, device: device)
            .view(2, 4), weight = tensor(new[] { 2f, 2, 2, 2 }, device: device);
        Tensor expected = (x * x).mean([-1], keepdim: true).rsqrt().mul(x).mul(weight);
        return Equal(Aten.RmsNorm(x, weight, 1e-6), expected);
    }

    private static string GroupedAttention(Device device)
    {
        using var scope = NewDisposeScope();
        var random = new torch.Generator(1, CPU);
        Tensor q = randn([1, 4, 5, 8], generator: random).to(device), k = randn([1, 2, 5, 8], generator: random)
            .to(device), v = randn([1, 2, 5, 8], generator: random).to(device);
        Tensor scores = q.matmul(k.repeat_interleave(2, 1).transpose(-1, -2)).Times(1 / Math.Sqrt(8));
        Tensor hidden = tensor(Enumerable.Range(0, 25).Select(at => at % 5 > at / 5 ? float.NegativeInfinity : 0).ToArray(), device: device)
            .view(5, 5);
        Tensor expected = scores.Plus(hidden).softmax(-1).matmul(v.repeat_interleave(2, 1));
        return Equal(Aten.Attention(q, k, v, null, causal: true), expected);
    }

    private static string BackwardStep(Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor weight = tensor(new[] { 1f, -2f, 3f }, device: device).requires_grad_(), x = tensor(new[] { 2f, 5f, -1f }, device: device);
        Tensor sum = (weight * x).sum();
        sum.mul(sum).backward();                      // (2 - 10 - 3)^2
        return Equal(weight.grad!, x.Times(2 * -11.0));
    }

    private static string Products(Device device, ScalarType type)
    {
        const int rows = 512, inner = 1024, columns = 2048;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor x = ones([rows, inner], type, device), weight = ones([columns, inner], type, device);
        string Speed(Func<Tensor, Tensor, Tensor> product)
        {
            double seconds = Seconds(() => product(x, weight).Dispose(), device);
            return $"{Layout.Number(2.0 * rows * inner * columns / seconds / 1e9, "N0")} GFLOP/s";
        }
        string own = Speed(static (x, weight) => nn.functional.linear(x, weight));
        if (device.type != DeviceType.CPU || type != ScalarType.Float32) return own;
        if (!KernelProducts.CutsLarge) return own;
        string taken = Speed(static (x, weight) => KernelProducts.Linear(x, weight));
        return KernelProducts.PrefersOneDnn ? $"{taken} by oneDNN ({own} by MKL)" : $"{taken} in blocks ({own} in one piece)";
    }

    /// <summary>Causal attention of a thousand tokens, by the way that the models take here, and by the other.</summary>
    private static string LongAttention(Device device, ScalarType type)
    {
        const int length = 1024, heads = 8, keyHeads = 2, size = 128;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor q = ones([length, heads, size], type, device), k = ones([length, keyHeads, size], type, device);
        Tensor Heads(Tensor x) => x.transpose(0, 1).unsqueeze(0);
        string Milliseconds(Action call) => Layout.Number(1000 * Seconds(call, device), "0.0") + " ms";
        string own = Milliseconds(() => Aten.Attention(Heads(q), Heads(k), Heads(k), null, causal: true).Dispose());
        if (!BlockedAttention.Serves(q, k, k, length, null)) return $"{own} by the engine's kernel";
        string blocked = Milliseconds(() => BlockedAttention.Forward(q, k, k, 1, length, causal: true, null).Dispose());
        return $"{blocked} in blocks of queries ({own} by the engine's kernel)";
    }

    /// <summary>Seconds of one call, over a fifth of a second of calls; the first one prepares the kernel.</summary>
    private static double Seconds(Action call, Device device)
    {
        call();
        Wait(device);
        var watch = Stopwatch.StartNew();
        int count = 0;
        do
        {
            call();
            count++;
            Wait(device);
        }
        while (watch.Elapsed.TotalSeconds < 0.2);
        return watch.Elapsed.TotalSeconds / count;
    }

    private static string Tokenizing()
    {
        var tokenizer = Tokenizer.Read(TinyTokenizer.ToArray(), "the built-in tokenizer");
        return tokenizer.Encode("hi hi7") is [2, 4, 5] ids && tokenizer.Decode(ids) == "hi hi7"
            ? "split, merged and decoded"
            : throw new InvalidOperationException("A text comes out in the wrong tokens.");
    }

    private static string Images()
    {
        var image = ImageDecoder.Decode(TinyPng, "the built-in image", ImageDecoding.Oriented);
        return image.Pixels is [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]
            ? "decoded"
            : throw new InvalidOperationException("An image comes out in the wrong colours.");
    }

    private static string Parquet()
    {
        using var memory = new MemoryStream();
        using (var sink = new ManagedOutputStream(memory, leaveOpen: true))
        using (var writer = new ParquetFileWriter(sink, [new Column<int>("number")]))
        {
            using var group = writer.AppendRowGroup();
            using (var column = group.NextColumn().LogicalWriter<int>()) column.WriteBatch([3, 1, 2]);
            writer.Close();
        }
        memory.Position = 0;
        using var source = new ManagedRandomAccessFile(memory, leaveOpen: true);
        using var reader = new ParquetFileReader(source);
        using var rows = reader.RowGroup(0);
        using var numbers = rows.Column(0).LogicalReader<int>();
        return numbers.ReadAll(3) is [3, 1, 2] ? "written and read" : throw new InvalidOperationException("Numbers come back changed.");
    }

    private static string Charts()
    {
        // As reports draw, with the font that the program carries: no other need be installed.
        static byte[] Drawn(string name) => Reporting.Charts.Scores([new(name, 50, [new("score", 50)])]).Png(Chart.Narrow, scale: 1);
        return Drawn("one").AsSpan().SequenceEqual(Drawn("two"))
            ? throw new InvalidOperationException("Text is not drawn: no font is found.")
            : "text is drawn";
    }

    private static string Equal(Tensor actual, Tensor expected)
    {
        double difference = (actual - expected).abs().max().item<float>();
        return difference <= 1e-4 * (1 + expected.abs().max().item<float>())
            ? "exact to rounding"
            : throw new InvalidOperationException($"The result is off by {Layout.Number(difference, "g2")}.");
    }

    private static void Wait(Device device)
    {
        if (device.type == DeviceType.CUDA) cuda.synchronize();
    }
}
