using System.Text;
using Interlace.Evaluation.Python;

namespace Interlace.Evaluation.Rules;

/// <summary>The punctuation step shared by the yes-or-no and the VQA rules (evaluation rule 10.1).</summary>
internal static class Punctuation
{
    private const string Marks = ";/[]\"{}()=+\\_-><@`,?!";

    /// <summary>The published program passes a flag where a count belongs, so that it deletes only this many periods.</summary>
    private const int DeletedPeriods = 32;

    /// <summary>
    /// Deletes each mark that stands beside a blank anywhere (or all, where a comma stands between digits), turns the others into blanks,
    /// and deletes the first 32 periods that touch no digit.
    /// </summary>
    public static string Strip(string s)
    {
        bool commaInNumber = HasCommaBetweenDigits(s);
        string text = s;
        foreach (char mark in Marks)
        {
            bool delete = commaInNumber || s.Contains($"{mark} ", StringComparison.Ordinal)
                || s.Contains($" {mark}", StringComparison.Ordinal);
            text = text.Replace(mark.ToString(), delete ? "" : " ", StringComparison.Ordinal);
        }
        return DeletePeriods(text);
    }

    private static bool HasCommaBetweenDigits(string s)
    {
        for (int i = s.IndexOf(',', StringComparison.Ordinal); i >= 0; i = s.IndexOf(',', i + 1))
            if (PythonText.IsDigitBefore(s, i) && PythonText.IsDigitAt(s, i + 1)) return true;
        return false;
    }

    private static string DeletePeriods(string s)
    {
        StringBuilder text = new(s.Length);
        int deleted = 0;
        for (int i = 0; i < s.Length; i++)
        {
            if (s[i] == '.' && deleted < DeletedPeriods && !PythonText.IsDigitBefore(s, i) && !PythonText.IsDigitAt(s, i + 1)) deleted++;
            else text.Append(s[i]);
        }
        return text.ToString();
    }
}
