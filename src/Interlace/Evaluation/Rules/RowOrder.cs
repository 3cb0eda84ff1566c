using System.Globalization;

namespace Interlace.Evaluation.Rules;

/// <summary>The order in which rows are scored: by index, as a number where all are integers.</summary>
internal static class RowOrder
{
    public static IReadOnlyList<Prediction> Sorted(IReadOnlyList<Prediction> predictions) => predictions.All(p => Number(p) is not null)
        ? [.. predictions.OrderBy(p => Number(p))]
        : [.. predictions.OrderBy(p => p.Row.Index, StringComparer.Ordinal)];

    private static long? Number(Prediction prediction) =>
        long.TryParse(prediction.Row.Index, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long index) ? index : null;
}
