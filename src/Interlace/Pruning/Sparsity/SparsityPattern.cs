using System.Globalization;
using Interlace.Vlm;

namespace Interlace.Pruning.Sparsity;

/// <summary>
/// Which part of every row of a weight matrix [output, input] becomes zero:
/// the N least important of every M consecutive input columns, or a fraction of the whole row, rounded down.
/// </summary>
public sealed record SparsityPattern
{
    private readonly int _zeros, _group;
    private readonly double _fraction;

    private SparsityPattern(int zeros, int group, double fraction) => (_zeros, _group, _fraction) = (zeros, group, fraction);

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">N:M such as 2:4, or a fraction between 0 and 1 such as 0.5.</param>
    /// <exception cref="InputException">The text is neither.</exception>
    public static SparsityPattern Parse(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length == 2 && Whole(parts[0]) is { } zeros && Whole(parts[1]) is { } group && zeros > 0 && zeros < group)
            return new(zeros, group, 0);
        if (parts.Length == 1 && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double fraction)
            && fraction is > 0 and < 1)
            return new(0, 0, fraction);
        throw new InputException($"The pattern is '{text}', expected N:M with N below M, "
            + "such as 2:4 (2 of every 4 weights become zero) or 4:8, or a fraction of every row such as 0.5.");
    }

    /// <summary>How many of how many consecutive columns become zero in a matrix.</summary>
    /// <param name="columns">Its input columns.</param>
    /// <param name="name">What messages call the matrix.</param>
    /// <exception cref="InputException">The groups do not divide the columns, or no whole column would become zero.</exception>
    public (int Zeros, int Group) In(long columns, string name)
    {
        if (_group > 0)
            return columns % _group == 0 ? (_zeros, _group) : throw new InputException($"The pattern {this} does not fit {name}: "
                + $"its {columns} columns do not divide into groups of {_group}.");
        // With an epsilon: 0.29 of 100 is just below 29 in binary.
        int zeros = (int)Math.Floor(_fraction * columns + 1e-9);
        return zeros > 0 ? (zeros, (int)columns) : throw new InputException($"The pattern {this} would leave {name} as it is: "
            + $"that part of its {columns} columns is less than one.");
    }

    /// <summary>The pattern in its usual spelling.</summary>
    public override string ToString() => _group > 0 ? $"{_zeros}:{_group}" : _fraction.ToString("R", CultureInfo.InvariantCulture);

    private static int? Whole(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
