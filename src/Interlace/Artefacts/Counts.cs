using System.Text.Json;

namespace Interlace.Artefacts;

/// <summary>What numbers in a file can be: it may have been edited, or damaged, and what follows counts and divides with them.</summary>
internal static class Counts
{
    /// <summary>
    /// Most decoder layers of a model: a larger number in a file is a mistake, and would take its time and memory before anyone saw.
    /// </summary>
    public const int MostLayers = 4096;

    /// <summary>A number larger than anything that is counted here; sums of many of them still fit.</summary>
    private const long Most = 1L << 53;

    /// <summary>Refuses a number that cannot be.</summary>
    /// <exception cref="JsonException">It is too small or too large.</exception>
    public static void Check(long number, string what, long least = 0, long most = Most)
    {
        if (number < least || number > most)
        {
            throw new JsonException($"its number of {what} is "
                + $"{number}{(number < least ? "" : $", more than the {most} that are possible")}");
        }
    }

    /// <summary>Refuses numbers that cannot be.</summary>
    /// <exception cref="JsonException">One is negative or too large.</exception>
    public static void Check(IReadOnlyDictionary<string, long> numbers, string what)
    {
        foreach (long number in numbers.Values) Check(number, what);
    }

    /// <summary>Refuses what samples and their tokens cannot be in evidence from losses or gradients.</summary>
    /// <exception cref="JsonException">A number is negative or too large.</exception>
    public static void CheckSamples(int samples, long answerTokens, IReadOnlyDictionary<string, long> tokens,
        IReadOnlyDictionary<string, long> skipped)
    {
        Check(samples, "samples");
        Check(answerTokens, "answer tokens");
        Check(tokens, "tokens");
        Check(skipped, "skipped samples");
    }

    /// <summary>Refuses layers that a model cannot have.</summary>
    /// <param name="layers">0-based, ascending.</param>
    /// <param name="what">What they are.</param>
    /// <param name="count">Layers there are.</param>
    /// <exception cref="JsonException">One is none of the model's, or they do not ascend.</exception>
    public static void CheckLayers(IReadOnlyList<int> layers, string what, int count)
    {
        for (int i = 0; i < layers.Count; i++)
            if (layers[i] < 0 || layers[i] >= count || i > 0 && layers[i] <= layers[i - 1])
                throw new JsonException($"its {what} are no layers of {count} in ascending order");
    }

    /// <summary>Refuses numbers that are none.</summary>
    /// <exception cref="JsonException">One is not finite, or below the least.</exception>
    public static void CheckNumbers(IEnumerable<double> numbers, string what, double least = double.MinValue, double most = double.MaxValue)
    {
        foreach (double number in numbers)
            if (!(number >= least && number <= most))
                throw new JsonException($"one of its {what} is {(double.IsNaN(number) ? "no number" : $"{number:g6}")}");
    }
}
