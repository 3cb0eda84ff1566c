using System.Globalization;
using Interlace.Ranks;

namespace Interlace.Bench;

/// <summary>
/// What more ranks can be expected to give, by simulation: times of computation that were measured on one, the sizes of what goes between
/// ranks, and the bandwidth and latency between them. Work is shared out by the product's own rule. Nothing here was run on many GPUs.
/// </summary>
/// <param name="Name">The model.</param>
/// <param name="Weights">Weights of its decoder.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="Dropped">Layers that go at 25 %, and as many that are tuned.</param>
internal sealed record Scale(string Name, double Weights, int Layers, int Dropped)
{
    private const int Steps = 200, SamplesPerStep = 32, BatchTokens = 16_384, Questions = 4_000;

    /// <summary>
    /// Arithmetic for a weight and a token: one pass in layers below the lowest tuned one; above it two and the gradients of activations;
    /// the gradients of tuned weights.
    /// </summary>
    private const double Below = 2, Above = 6, Gradients = 2;

    private static readonly Scale[] Models =
    [
        new("4B", 3.6e9, 36, 9), new("8B", 6.9e9, 36, 9), new("32B", 31.2e9, 64, 16),
    ];

    /// <summary>Prints the table.</summary>
    /// <param name="teraflops">Useful arithmetic of one device in a second, as measured.</param>
    /// <param name="bandwidth">Bytes in a second from one rank to the next.</param>
    /// <param name="latency">Seconds until a message arrives.</param>
    /// <param name="tokens">Mean tokens of a sample; lengths spread by a factor of e either way.</param>
    public static void Print(double teraflops, double bandwidth, double latency, double tokens)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{teraflops:0} TFLOP/s a device, {bandwidth / 1e9:0} GB/s and "
            + $"{latency * 1e6:0} us between ranks, {tokens:0} tokens a sample: share of perfect speed-up"));
        int[] counts = [1, 2, 4, 8, 16, 32, 64];
        foreach (var (stage, efficiency) in new (string, Func<Scale, int, double>)[]
        {
            ("calibration", (model, ranks) => model.Calibration(ranks, teraflops * 1e12, latency, tokens)),
            ("tuning", (model, ranks) => model.Tuning(ranks, teraflops * 1e12, bandwidth, latency, tokens)),
            ("answers", (_, ranks) => Answers(ranks, Questions, tokens)),
        })
        {
            Console.WriteLine($"\n| {stage} | {string.Join(" | ", counts)} |\n|---|{string.Concat(counts.Select(_ => "---:|"))}");
            foreach (var model in Models)
            {
                Console.WriteLine($"| {model.Name} | {string.Join(" | ", counts.Select(ranks =>
                    efficiency(model, ranks).ToString("0 %", CultureInfo.InvariantCulture)))} |");
            }
        }
    }

    /// <summary>Batches of about equal size to whoever asks next; a request and its answer go between two of them.</summary>
    private double Calibration(int ranks, double flops, double latency, double tokens)
    {
        const int samples = 12_000;   // 5 % of 1 % of FineVision
        return Calibration(ranks, (int)Math.Ceiling(samples * tokens / BatchTokens), 2 * Weights * BatchTokens / flops, latency);
    }

    /// <summary>The same of so many batches of so many seconds each.</summary>
    internal static double Calibration(int ranks, int batches, double seconds, double latency)
    {
        double one = batches * seconds, many = Math.Ceiling(batches / (double)ranks) * (seconds + 2 * latency);
        return one / many / ranks;
    }

    /// <summary>
    /// The slowest rank of each step, whose samples were shared out by length, then a ring's sum of the gradients in fp32, which nothing
    /// overlaps.
    /// </summary>
    private double Tuning(int ranks, double flops, double bandwidth, double latency, double tokens)
    {
        double layer = Weights / Layers, kept = Weights - Dropped * layer, above = 0.85 * kept;
        double perToken = (Below * (kept - above) + Above * above + Gradients * Dropped * layer) / flops;
        return Tuning(ranks, perToken, sizeof(float) * Dropped * layer, bandwidth, latency, SamplesPerStep, tokens);
    }

    /// <summary>The same with so many seconds a token and so many bytes of gradients.</summary>
    internal static double Tuning(int ranks, double perToken, double bytes, double bandwidth, double latency, int samples, double tokens)
    {
        double ring = ranks == 1 ? 0 : 2.0 * (ranks - 1) / ranks * bytes / bandwidth + 2 * (ranks - 1) * latency;
        var chance = new Random(1);
        double one = 0, many = 0;
        for (int step = 0; step < Steps; step++)
        {
            long[] lengths = Lengths(chance, samples, tokens);
            long[] loads = new long[ranks];
            foreach (var (i, owner) in Sharing.Out(lengths, ranks).Index()) loads[owner] += lengths[i];
            one += lengths.Sum() * perToken;
            many += loads.Max() * perToken + ring + 4 * latency;
        }
        return one / many / ranks;
    }

    /// <summary>Rows of unequal length, each to whoever has room next: at the end some wait for the last ones.</summary>
    internal static double Answers(int ranks, int questions, double tokens)
    {
        long[] lengths = Lengths(new Random(2), questions, tokens);
        long[] busy = new long[ranks];
        foreach (long length in lengths) busy[Array.IndexOf(busy, busy.Min())] += length;
        return lengths.Sum() / (double)busy.Max() / ranks;
    }

    private static long[] Lengths(Random chance, int count, double mean) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        double normal = Math.Sqrt(-2 * Math.Log(1 - chance.NextDouble())) * Math.Cos(2 * Math.PI * chance.NextDouble());
        return (long)Math.Clamp(mean / Math.Sqrt(Math.E) * Math.Exp(normal), 32, 16_384);
    })];
}
