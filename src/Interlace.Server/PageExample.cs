using System.Text.Json.Nodes;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Server;

/// <summary>An image with a question that the page offers.</summary>
/// <param name="Name">What the page calls it.</param>
/// <param name="Question">The question.</param>
/// <param name="Image">The image's file.</param>
public sealed record PageExample(string Name, string Question, byte[] Image)
{
    /// <summary>The first question of every table of a folder of benchmarks; none where there is no such folder.</summary>
    /// <exception cref="InputException">A table is wrong.</exception>
    public static IReadOnlyList<PageExample> Of(string folder) =>
        !Directory.Exists(folder) ? []
            : [.. Benchmarks.In(folder).Select(found => First(found.Benchmark, found.Path)).OfType<PageExample>()];

    internal static JsonArray ToJson(IReadOnlyList<PageExample> examples) => new([.. examples.Select(example => (JsonNode)new JsonObject
    {
        ["name"] = example.Name, ["question"] = example.Question,
        ["image"] = $"data:{Type(example.Image)};base64,{Convert.ToBase64String(example.Image)}",
    })]);

    private static PageExample? First(Benchmark benchmark, string path)
    {
        using var table = BenchmarkTable.Open(path);
        return table.Rows is [var row, ..] && table.Images(row) is [var image, ..]
            ? new(benchmark.Name, Prompts.Text(benchmark, row), image) : null;
    }

    private static string Type(ReadOnlySpan<byte> image) =>
        image is [0x89, ..] ? "image/png" : image is [0xFF, 0xD8, ..] ? "image/jpeg" : "image/webp";
}
