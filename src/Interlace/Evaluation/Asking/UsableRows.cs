using Interlace.Data;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Images;

namespace Interlace.Evaluation.Asking;

/// <summary>
/// Looks at a table before a model answers anything, so that one of which nothing can be asked or scored is refused at once.
/// </summary>
internal static class UsableRows
{
    /// <summary>
    /// Checks the right answers, and that at least one row has images that can be shown. Rows are tried in their order up to the first.
    /// </summary>
    /// <param name="benchmark">The benchmark.</param>
    /// <param name="table">Its table.</param>
    /// <param name="rows">The rows to ask.</param>
    /// <param name="readsImages">Whether the model sees images.</param>
    /// <exception cref="InputException">No row can be used; the sentence counts the reasons and tells the first.</exception>
    public static void Check(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, bool readsImages)
    {
        RightAnswers.Check(benchmark, rows, table.Name);
        SkipCounts skipped = [];
        if (table.RowsWithoutImage > 0) skipped.Add(SkipReason.MissingImage, table.RowsWithoutImage);
        string? first = null;
        foreach (BenchmarkRow row in rows)
        {
            try
            {
                foreach (byte[] image in Images(table, row, readsImages))
                    ImageDecoder.Decode(image, $"The image of row {row.Index} of {table.Name}", ImageDecoding.Plain,
                        picture => PublishedImages.Prepare(benchmark, picture));
                return;
            }
            catch (InputException e)
            {
                skipped.Add(e is SampleException sample ? sample.Reason : SkipReason.UndecodableImage);
                first ??= (e is SampleException { InnerException: { } inner } ? inner : e).Message;
            }
        }
        throw Refusal(table, skipped, first);
    }

    /// <summary>The encoded images of a row, for a model that can see them.</summary>
    /// <exception cref="SampleException">
    /// As of <see cref="BenchmarkTable.Images"/>, or there are some and the model reads text alone.
    /// </exception>
    public static IReadOnlyList<byte[]> Images(BenchmarkTable table, BenchmarkRow row, bool readsImages) =>
        table.Images(row) is var images && (readsImages || images.Count == 0) ? images : throw new SampleException(
            SkipReason.ImageForTextModel, new InputException($"Row {row.Index} shows an image, and the model reads text alone."));

    /// <summary>The sentence about a table of which nothing was left.</summary>
    public static InputException Refusal(BenchmarkTable table, SkipCounts skipped, string? first = null) =>
        new($"No row of {table.Name} can be asked ({(skipped.Total > 0 ? skipped : "it has none")}){(first is null ? "." : $": {first}")}");
}
