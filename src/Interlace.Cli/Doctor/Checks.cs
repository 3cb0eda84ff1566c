using System.Diagnostics;
using Interlace.Vlm;
using ParquetSharp;
using ParquetSharp.IO;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Cli;

/// <summary>What is tried on the machine. A check returns its finding, and throws where something does not work.</summary>
internal static class Checks
{
    private static readonly byte[] TinyPng = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP4z8DAAMIM////Z2BgYAAAI+wD/Wxx/DgAAAAASUVORK5CYII=");

    /// <summary>Loads the engine and compares its version with those known to fit.</summary>
    public static string Engine()
    {
        ulong version = Aten.LoadedVersion();
        string loaded = $"libtorch {version >> 56}.{(version >> 48) & 255}";
        return version >> 48 is 0x020A or 0x020B ? $"{loaded}, TorchSharp {typeof(torch).Assembly.GetName().Version!.ToString(3)}"
            : throw new InvalidOperationException($"{loaded} is loaded, which the program does not know; it needs 2.10 or 2.11.");
    }

    /// <summary>All checks that need the engine loaded.</summary>
    public static IEnumerable<(string Name, Func<string> Check)> All(Compute compute) =>
    [
        ("norm", () => Norm(compute.Device)),
        ("grouped attention", () => GroupedAttention(compute.Device)),
        ("backward step", () => BackwardStep(compute.Device)),
        ("fp32 products", () => Products(compute.Device, ScalarType.Float32)),
        ("bf16 products", () => Products(compute.Device, ScalarType.BFloat16)),
        ("Parquet", Parquet),
        ("charts", Charts),
    ];

    private static string Norm(Device device)
    {
        using var scope = NewDisposeScope();
        Tensor x = arange(1, 9, ScalarType.Float32, device).view(2, 4), weight = full(4, 2, ScalarType.Float32, device);
        Tensor expected = x * rsqrt((x * x).mean([-1], keepdim: true) + 1e-6) * 2;
        return Equal(Aten.RmsNorm(x, weight, 1e-6), expected);
    }

    private static string GroupedAttention(Device device)
    {
        using var scope = NewDisposeScope();
        var random = new torch.Generator(1, CPU);
        Tensor q = randn([1, 4, 5, 8], generator: random).to(device), k = randn([1, 2, 5, 8], generator: random).to(device), v = randn([1, 2, 5, 8], generator: random).to(device);
        Tensor scores = q.matmul(k.repeat_interleave(2, 1).transpose(-1, -2)) / Math.Sqrt(8);
        Tensor expected = scores.masked_fill(ones([5, 5], ScalarType.Bool, device).triu(1), float.NegativeInfinity).softmax(-1).matmul(v.repeat_interleave(2, 1));
        return Equal(Aten.Attention(q, k, v, null, causal: true), expected);
    }

    private static string BackwardStep(Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor weight = tensor(new[] { 1f, -2f, 3f }, device: device).requires_grad_(), x = tensor(new[] { 2f, 5f, -1f }, device: device);
        (weight * x).sum().pow(2).backward();                       // (2 - 10 - 3)^2
        return Equal(weight.grad!, x * (2 * -11f));
    }

    private static string Products(Device device, ScalarType type)
    {
        const int rows = 512, inner = 1024, columns = 2048;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor x = full([rows, inner], 0.01, type, device), weight = full([columns, inner], 0.01, type, device);
        nn.functional.linear(x, weight).Dispose();                  // prepares the kernel
        Wait(device);
        var watch = Stopwatch.StartNew();
        int count = 0;
        do
        {
            nn.functional.linear(x, weight).Dispose();
            count++;
            Wait(device);
        }
        while (watch.Elapsed.TotalSeconds < 0.2);
        return $"{Layout.Number(2.0 * rows * inner * columns * count / watch.Elapsed.TotalSeconds / 1e9, "N0")} GFLOP/s";
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
        byte[] Drawn(string title)
        {
            using var plot = new ScottPlot.Plot();
            plot.Title(title);
            return plot.GetImageBytes(200, 100, ScottPlot.ImageFormat.Png);
        }
        return Drawn("one").AsSpan().SequenceEqual(Drawn("two")) ? throw new InvalidOperationException("Text is not drawn: no font is found.") : "text is drawn";
    }

    private static string Equal(Tensor actual, Tensor expected)
    {
        double difference = (actual - expected).abs().max().item<float>();
        return difference <= 1e-4 * (1 + expected.abs().max().item<float>()) ? "exact to rounding" : throw new InvalidOperationException($"The result is off by {Layout.Number(difference, "g2")}.");
    }

    private static void Wait(Device device)
    {
        if (device.type == DeviceType.CUDA) cuda.synchronize();
    }
}
