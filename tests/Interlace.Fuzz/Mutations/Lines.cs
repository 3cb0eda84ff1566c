using System.Text;

namespace Interlace.Fuzz.Mutations;

/// <summary>Files of lines: JSON or cells between tabs, one record a line.</summary>
internal static class Lines
{
    /// <summary>A file of one JSON value a line.</summary>
    public static byte[] MutateJson(byte[] source, Dice dice) =>
        Mutate(source, dice, line => Encoding.Latin1.GetString(Json.Mutate(Encoding.Latin1.GetBytes(line), dice)));

    /// <summary>A table between tabs, with quotes.</summary>
    public static byte[] MutateTable(byte[] source, Dice dice) => Mutate(source, dice, line =>
    {
        string[] cells = line.Split('\t');
        int at = dice.Below(cells.Length);
        cells[at] = dice.Below(8) switch
        {
            0 => "",
            1 => dice.Number(),
            2 => $"\"{cells[at]}",
            3 => $"\"{cells[at].Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
            4 => $"{cells[at]}\t{cells[at]}",
            5 => cells[at][..dice.Below(cells[at].Length + 1)],
            6 => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(dice.Text())),
            _ => dice.Of(cells),
        };
        return string.Join('\t', cells);
    });

    // Latin-1 keeps every byte as it is.
    private static byte[] Mutate(byte[] source, Dice dice, Func<string, string> change)
    {
        List<string> lines = [.. Encoding.Latin1.GetString(source).Split('\n')];
        int at = dice.OneIn(3) ? 0 : dice.Below(lines.Count);
        switch (dice.Below(8))
        {
            case 0: lines.RemoveAt(at); break;
            case 1: lines.Insert(at, lines[at]); break;
            case 2: lines.Insert(at, dice.Of(["", " ", "\r", "null", "[]", "\u00EF\u00BB\u00BF", "\0"])); break;
            case 3: (lines[at], lines[^1]) = (lines[^1], lines[at]); break;
            default: lines[at] = change(lines[at]); break;
        }
        return Encoding.Latin1.GetBytes(string.Join(dice.OneIn(20) ? "\r\n" : "\n", lines));
    }
}
