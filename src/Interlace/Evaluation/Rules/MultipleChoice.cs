using System.Text.RegularExpressions;
using Interlace.Evaluation.Python;
using Interlace.Evaluation.Tables;

namespace Interlace.Evaluation.Rules;

/// <summary>Takes the chosen letter out of a free answer to a multiple-choice question (evaluation rule 7).</summary>
public static partial class MultipleChoice
{
    /// <summary>The letter that stands for "none of the options"; it never is right.</summary>
    public const char NoOption = 'Z';

    private const string ApiFailure = "Failed to obtain answer via API";

    private static readonly string[] Refusals =
    [
        "Sorry, I can't help with images of people yet.",
        "I can't process this file.",
        "I'm sorry, but without the image provided",
        "Cannot determine the answer",
    ];

    /// <summary>
    /// The letter an answer gives: by the letter itself (step O), else by the text of exactly one option (step T).
    /// <see cref="NoOption"/> for a refusal, null where nothing is found.
    /// </summary>
    public static char? Extract(string prediction, IReadOnlyList<Option> options, RuleSet rules = RuleSet.November2025) =>
        ByLetter(prediction, options, rules) ?? ByText(prediction, options);

    /// <summary>Step O: exactly one option letter as a word of its own, among the last four words.</summary>
    private static char? ByLetter(string prediction, IReadOnlyList<Option> options, RuleSet rules)
    {
        if (prediction.Contains(ApiFailure, StringComparison.Ordinal)) return null;
        if (Refusals.Any(refusal => prediction.Contains(refusal, StringComparison.Ordinal))) return NoOption;
        IReadOnlyList<string> words = PythonText.Split(Separators().Replace(prediction, " "));
        char[] named = [.. options.Select(option => option.Letter).Where(letter => words.Contains(letter.ToString()))];
        if (named.Length == 1 && FirstIndex(words, named[0]) > words.Count - 5) return named[0];
        if (named.Length == 0 && words.Contains(NoOption.ToString())) return NoOption;
        if (rules == RuleSet.August2026 && AnswerIs().Match(prediction) is { Success: true } match)
        {
            char letter = char.ToUpperInvariant(match.Groups[1].Value[0]);
            if (options.Any(option => option.Letter == letter)) return letter;
        }
        return null;
    }

    /// <summary>Step T: the text of exactly one option stands in the answer, which is not much longer than the options together.</summary>
    private static char? ByText(string prediction, IReadOnlyList<Option> options)
    {
        string lower = PythonText.Lower(prediction);
        if (PythonText.Length(lower) > 2 * options.Sum(option => PythonText.Length(option.Text))) return null;
        char[] contained = [.. options.Where(option => lower.Contains(PythonText.Lower(option.Text), StringComparison.Ordinal))
            .Select(option => option.Letter)];
        return contained.Length == 1 ? contained[0] : null;
    }

    private static int FirstIndex(IReadOnlyList<string> words, char letter)
    {
        for (int i = 0; i < words.Count; i++)
            if (words[i].Length == 1 && words[i][0] == letter) return i;
        return -1;
    }

    [GeneratedRegex(@"[.()\[\],:;!*#{}]")]
    private static partial Regex Separators();

    // Python folds the long s, the dotless and the dotted i into s and i; its whitespace includes U+001C to U+001F.
    [GeneratedRegex(@"(?:correct[\s\x1c-\x1f]+)?an[s\u017f]wer[\s\x1c-\x1f]+[i\u0130\u0131][s\u017f][\s\x1c-\x1f]+\**([ABCD])\**", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AnswerIs();
}
