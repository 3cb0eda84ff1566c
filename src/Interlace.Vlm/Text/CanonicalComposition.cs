using System.Globalization;
using System.Text;
using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.Vlm.Text;

/// <summary>
/// Unicode normalisation form C (UAX 15). The program runs with invariant globalisation,
/// where the runtime's own <c>string.Normalize</c> returns its input unchanged.
/// </summary>
internal static class CanonicalComposition
{
    private const int HangulS = 0xAC00, HangulL = 0x1100, HangulV = 0x1161, HangulT = 0x11A7, VCount = 21, TCount = 28;
    private const int SCount = 19 * VCount * TCount;

    private static readonly Dictionary<int, int[]> Decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> Compositions = [];
    private static readonly Dictionary<int, byte> Classes = [];

    /// <summary>Code points that normalisation might move or change: a text without them is already in form C.</summary>
    private static readonly HashSet<int> Unstable = [];

    static CanonicalComposition()
    {
        using var reader = new StreamReader(typeof(CanonicalComposition).Assembly.GetManifestResourceStream("CanonicalData.txt")!);
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Split(' ');
            switch (fields[0])
            {
                case "C": AddClasses(Hex(fields[1]), Hex(fields[2]), byte.Parse(fields[3], CultureInfo.InvariantCulture)); break;
                case "D" or "X": AddDecomposition(Hex(fields[1]), [.. fields[2..].Select(Hex)], composes: fields[0] == "D"); break;
            }
        }
        for (int i = 0; i < VCount; i++) Unstable.Add(HangulV + i);
        for (int i = 1; i < TCount; i++) Unstable.Add(HangulT + i);
    }

    /// <summary>The text in form C; the same string where it already is. The text must hold no unpaired surrogate.</summary>
    public static string Compose(string text)
    {
        if (IsStable(text)) return text;
        List<int> points = Decompose(text);
        Order(points);
        return Join(Recombine(points));
    }

    /// <summary>
    /// The text in form C; the same object where it already is. Only what stands together with an unstable code point changes:
    /// each such group is composed by itself, and its changed characters stand for all of it.
    /// </summary>
    public static AlignedText Compose(AlignedText text)
    {
        if (IsStable(text.Text)) return text;
        var composed = new AlignedText.Builder(text);
        int kept = 0;
        foreach (TextSpan group in Groups(text.Text))
        {
            string form = Compose(text.Text[group.Start..group.End]);
            int same = text.Text.AsSpan(group.Start, group.End - group.Start).CommonPrefixLength(form);
            composed.Keep(kept, group.Start + same);
            if (group.Start + same < group.End) composed.Insert(form[same..], text.Origin(group.Start + same, group.End));
            kept = group.End;
        }
        composed.Keep(kept, text.Text.Length);
        return composed.Build();
    }

    /// <summary>The unstable code points of a text, as far as they stand together, each time with the stable one before them.</summary>
    private static IEnumerable<TextSpan> Groups(string text)
    {
        int start = 0, at = 0;   // of the last stable code point; of the next one
        bool unstable = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsStable(rune))
            {
                if (unstable) yield return new(start, at);
                (start, unstable) = (at, false);
            }
            else unstable = true;
            at += rune.Utf16SequenceLength;
        }
        if (unstable) yield return new(start, at);
    }

    private static bool IsStable(Rune rune) => rune.Value < 0x300 || !Unstable.Contains(rune.Value);

    private static bool IsStable(string text)
    {
        foreach (char c in text.AsSpan())
            if (c >= 0x300) return text.EnumerateRunes().All(IsStable);
        return true;
    }

    private static List<int> Decompose(string text)
    {
        var points = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, points);
        return points;
    }

    private static void Decompose(int point, List<int> points)
    {
        int s = point - HangulS;
        if (s is >= 0 and < SCount)
        {
            points.Add(HangulL + s / (VCount * TCount));
            points.Add(HangulV + s % (VCount * TCount) / TCount);
            if (s % TCount != 0) points.Add(HangulT + s % TCount);
        }
        else if (Decompositions.TryGetValue(point, out int[]? parts)) foreach (int part in parts) Decompose(part, points);
        else points.Add(point);
    }

    /// <summary>Canonical ordering: marks after a starter are sorted by class, equal classes keep their order.</summary>
    private static void Order(List<int> points)
    {
        for (int start = 0, end; start < points.Count; start = end)
        {
            for (end = start + 1; end < points.Count && Class(points[end]) > 0;) end++;   // a starter, and the marks after it
            if (end - start < 2) continue;
            int[] marks = [.. points.GetRange(start, end - start).OrderBy(Class)];
            for (int i = 0; i < marks.Length; i++) points[start + i] = marks[i];
        }
    }

    private static List<int> Recombine(List<int> points)
    {
        var composed = new List<int>(points.Count);
        int starter = -1;
        byte last = 0;
        foreach (int point in points)
        {
            byte k = Class(point);
            bool blocked = starter >= 0 && composed.Count - 1 > starter && last >= k;
            if (starter >= 0 && !blocked && TryPair(composed[starter], point, out int pair))
            {
                composed[starter] = pair;
                continue;
            }
            composed.Add(point);
            last = k;
            if (k == 0) starter = composed.Count - 1;
        }
        return composed;
    }

    private static bool TryPair(int first, int second, out int pair)
    {
        int l = first - HangulL, v = second - HangulV, s = first - HangulS, t = second - HangulT;
        if (l is >= 0 and < 19 && v is >= 0 and < VCount)
        {
            pair = HangulS + (l * VCount + v) * TCount;
            return true;
        }
        if (s is >= 0 and < SCount && s % TCount == 0 && t is > 0 and < TCount)
        {
            pair = first + t;
            return true;
        }
        return Compositions.TryGetValue((first, second), out pair);
    }

    private static string Join(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        foreach (int point in points) text.Append(new Rune(point).ToString());
        return text.ToString();
    }

    private static byte Class(int point) => point < 0x300 ? (byte)0 : Classes.GetValueOrDefault(point);

    private static void AddClasses(int first, int last, byte k)
    {
        for (int point = first; point <= last; point++)
        {
            Classes[point] = k;
            Unstable.Add(point);
        }
    }

    private static void AddDecomposition(int point, int[] parts, bool composes)
    {
        Decompositions[point] = parts;
        if (!composes) Unstable.Add(point);
        else
        {
            Compositions[(parts[0], parts[1])] = point;
            Unstable.Add(parts[1]);
        }
    }

    private static int Hex(string field) => int.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
