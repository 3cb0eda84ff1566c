using Interlace.Artefacts;
using Interlace.Vlm;

namespace Interlace.Evaluation.Asking;

/// <summary>The artefact <c>answers.json</c>: which model was asked which tables, and how.
/// The answers lie beside it, <c>predictions/NAME.jsonl</c>; scoring needs nothing else but the tables.</summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Settings">What decides an answer besides model and tables.</param>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Inputs">The model and the tables.</param>
/// <param name="Benchmarks">The folder in which the tables lay.</param>
public sealed record AnswersFile(string Format, string CreatedBy, AnswerSettings Settings, int Seed, EvaluationInputs Inputs,
    string Benchmarks) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "answers.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-answers/1";

    /// <summary>
    /// Whether answers of the other may be resumed: everything is the same but the model, which may say more of itself,
    /// wherever the tables lie.
    /// </summary>
    public bool IsSameWorkAs(AnswersFile other) =>
        Hash(this) == Hash(other) && (Inputs.Model is null ? other.Inputs.Model is null : other.Inputs.Model is not null
            && Inputs.Model.DifferenceFrom(other.Inputs.Model) is null);

    /// <summary>
    /// In what the same questions were asked otherwise, as the end of a sentence: of the other's settings,
    /// but of other tables or by another version of the program. Null where the settings differ, or nothing does.
    /// </summary>
    public string? ChangeSince(AnswersFile before)
    {
        if (!Settings.IsSameAs(before.Settings) || Seed != before.Seed || IsSameWorkAs(before)) return null;
        string[] tables = [.. Inputs.Tables.Keys.Union(before.Inputs.Tables.Keys)
            .Where(name => Inputs.Tables.GetValueOrDefault(name) != before.Inputs.Tables.GetValueOrDefault(name))
            .Order(StringComparer.Ordinal)];
        return tables.Length > 0 ? $"the table {tables[0]} has changed since"
            : CreatedBy != before.CreatedBy ? $"by {before.CreatedBy}, and this is {CreatedBy}"
            : "what the model's folder says of its origin has changed since";
    }

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<AnswersFile>());

    /// <summary>Reads an artefact.</summary>
    /// <exception cref="InputException">It is absent or of another format.</exception>
    public static AnswersFile Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<AnswersFile>(), CurrentFormat, "evaluate a model first", "is no valid record of answers",
            found =>
        {
            Counts.Check(found.Settings.MaxNewTokens, "new tokens");
            Counts.Check(found.Settings.Limit ?? 1, "rows of a table", least: 1);
        });

    private static string Hash(AnswersFile file) =>
        Hashes.Of(file with { Benchmarks = "", Inputs = file.Inputs with { Model = null } }, ArtefactJson.Escaped<AnswersFile>());
}
