using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Rules;
using Interlace.Vlm;

namespace Interlace.Evaluation.Comparing;

/// <summary>An evaluation by likelihood that takes part in a comparison.</summary>
/// <param name="Name">Its name in the result.</param>
/// <param name="File">Its results.</param>
/// <param name="Texts">How each row of a file of texts came out, by name of the file.</param>
/// <param name="Choices">How each row of a file of choices came out, by name of the file.</param>
public sealed record LikelihoodRun(string Name, LikelihoodsFile File, IReadOnlyDictionary<string, Score> Texts,
    IReadOnlyDictionary<string, Score> Choices)
{
    private const double SameNumber = 1e-6;   // relative

    /// <summary>Whether a folder holds such an evaluation.</summary>
    public static bool IsIn(string folder) => System.IO.File.Exists(Path.Combine(folder, LikelihoodsFile.Name));

    /// <summary>Reads the folder of an evaluation.</summary>
    /// <exception cref="InputException">It lacks results or rows, or the two do not belong together.</exception>
    public static LikelihoodRun Load(string name, string folder)
    {
        var file = LikelihoodsFile.Load(Path.Combine(folder, LikelihoodsFile.Name));
        Score Checked(LikelihoodKind kind, string of, double value, Func<IEnumerable<RowLikelihood>, Score> score)
        {
            var found = score(RowLikelihood.Read(LikelihoodsFolder.Rows(folder, kind, of)));
            return Math.Abs(found.Percent!.Value - value) <= SameNumber * Math.Max(1, Math.Abs(value)) ? found
                : throw new InputException($"The result of {of} in {folder} and its rows do not belong together: "
                    + "evaluate the model again with --force.");
        }
        return new(name, file,
            file.Texts.ToDictionary(text => text.Name,
                text => Checked(LikelihoodKind.Texts, text.Name, text.Perplexity, LikelihoodScores.OfTexts), StringComparer.Ordinal),
            file.Choices.ToDictionary(choice => choice.Name,
                choice => Checked(LikelihoodKind.Choices, choice.Name, choice.Percent, rows => LikelihoodScores.OfChoices(rows)),
                StringComparer.Ordinal));
    }
}
