using System.Globalization;
using Interlace.Vlm;

namespace Interlace.Experiments;

/// <summary>One of the files and folders that <c>data.path</c> names.</summary>
/// <param name="Path">The file or folder.</param>
/// <param name="Rate">Part of each of its data sets that is drawn; <c>data.rate</c> where absent.</param>
public sealed record DataPath(string Path, double? Rate = null)
{
    /// <summary>
    /// The files and folders that a text names: one path, or several separated by commas, each with its rate behind a <c>=</c> where it has
    /// one of its own: <c>finevision,mine.jsonl=1</c>. A path that is there as the text spells it, commas and all, is that path.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="spell">Spells paths otherwise.</param>
    /// <exception cref="InputException">A rate is impossible, or a path is empty.</exception>
    public static IReadOnlyList<DataPath> ListOf(string text, Func<string, string>? spell = null)
    {
        spell ??= path => path;
        return System.IO.Path.Exists(spell(text)) ? [new(spell(text))]
            : [.. text.Split(',').Select(item => Parse(item.Trim(), text, spell))];
    }

    /// <summary>The same text with its paths spelled otherwise.</summary>
    internal static string Spell(string text, Func<string, string> spell) => string.Join(',', ListOf(text, spell).Select(one =>
        one.Path + (one.Rate is { } rate ? $"={rate.ToString(CultureInfo.InvariantCulture)}" : "")));

    private static DataPath Parse(string item, string text, Func<string, string> spell)
    {
        if (item.Length == 0)
            throw new InputException($"data.path is '{text}', in which a path is empty: separate paths by single commas.");
        int at = item.LastIndexOf('=');
        double rate = 0;
        bool isRate = at > 0 && double.TryParse(item[(at + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out rate);
        if (!isRate || System.IO.Path.Exists(spell(item))) return new(spell(item));
        return rate is > 0 and <= 1 ? new(spell(item[..at]), rate)
            : throw new InputException($"data.path gives {item[..at]} the rate {item[(at + 1)..]}, "
                + "expected a number above 0 and at most 1.");
    }
}
