using System.Text.Json.Serialization;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation;

/// <summary>The artefact <c>answers.json</c>: which model was asked which tables, and how. The answers lie beside it, <c>predictions/NAME.jsonl</c>; scoring needs nothing else but the tables.</summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Settings">What decides an answer besides model and tables.</param>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Inputs">The model and the tables.</param>
/// <param name="Benchmarks">The folder in which the tables lay.</param>
public sealed record AnswersFile(string Format, string CreatedBy, AnswerSettings Settings, int Seed, EvaluationInputs Inputs, string Benchmarks) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "answers.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-answers/1";

    /// <summary>
    /// Whether answers of the other may be taken up: everything is the same but the model, which may say more of itself,
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
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable.AnswersFile);

    /// <summary>Reads an artefact.</summary>
    /// <exception cref="InputException">It is absent or of another format.</exception>
    public static AnswersFile Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable.AnswersFile, CurrentFormat, "evaluate a model first", "is no valid record of answers",
            found =>
        {
            Counts.Check(found.Settings.MaxNewTokens, "new tokens");
            Counts.Check(found.Settings.Limit ?? 1, "rows of a table", least: 1);
        });

    private static string Hash(AnswersFile file) =>
        Hashes.Of(file with { Benchmarks = "", Inputs = file.Inputs with { Model = null } }, ArtefactJson.Default.AnswersFile);
}

/// <summary>What decides an answer besides model and tables.</summary>
/// <param name="Protocol">limited or cot; <see cref="ScoresFile.Elsewhere"/> for answers that this program did not make.</param>
/// <param name="MaxNewTokens">Most tokens of an answer; 0 where that is not known.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Limit">At most this many rows of each table.</param>
/// <param name="MaxPixels">Bound on the pixels of an image.</param>
/// <param name="Device">cpu or cuda.</param>
/// <param name="Dtype">Type of the computation.</param>
/// <param name="Sampling">greedy or qwen.</param>
/// <param name="Overrides">What is different for single benchmarks, by their names.</param>
public sealed record AnswerSettings(string Protocol, int MaxNewTokens, string Prompts, int? Limit, int? MaxPixels, string Device, string Dtype,
    string Sampling = "greedy", IReadOnlyDictionary<string, BenchmarkOverrides>? Overrides = null)
{
    /// <summary>Whether the other asks in the same way.</summary>
    public bool IsSameAs(AnswerSettings other) =>
        Hashes.Of(this, ArtefactJson.Default.AnswerSettings) == Hashes.Of(other, ArtefactJson.Default.AnswerSettings);

    /// <summary>The rows of a benchmark that are asked.</summary>
    public IReadOnlyList<BenchmarkRow> RowsOf(Benchmark benchmark, BenchmarkTable table) =>
        [.. table.Rows.Take(Overrides?.FirstOrDefault(entry => Benchmarks.IsNamed(benchmark, entry.Key)).Value?.Limit ?? Limit ?? int.MaxValue)];
}

/// <summary>What was done to a model before it was asked, as its folder says.</summary>
/// <param name="Kind">dense, dense fine-tuned, pruned, or pruned and fine-tuned.</param>
/// <param name="Layers">Decoder layers of the model it was made from; null where nothing was dropped.</param>
/// <param name="DroppedLayers">How many of those are gone.</param>
/// <param name="Method">How they were chosen, where a plan says so.</param>
public sealed record ModelHistory(string Kind, int? Layers, int DroppedLayers, string? Method)
{
    /// <summary>Dropped part of the layers, 0 to 1.</summary>
    [JsonIgnore]
    public double DropRatio => Layers is { } layers ? DroppedLayers / (double)layers : 0;

    /// <summary>Reads the records in a model folder.</summary>
    /// <exception cref="InputException">A record is damaged.</exception>
    public static ModelHistory Of(string modelFolder)
    {
        bool tuned = File.Exists(Path.Combine(modelFolder, PrunedModelFile.TrainingRecordName));
        string record = Path.Combine(modelFolder, PrunedModelFile.Name), plan = Path.Combine(modelFolder, PlanFile.Name);
        if (!File.Exists(record)) return new(tuned ? "dense fine-tuned" : "dense", null, 0, null);
        var file = PrunedModelFile.Load(modelFolder);
        int dropped = file.ParentLayers - file.KeptLayers.Length;
        string kind = (dropped > 0, tuned) switch { (true, true) => "pruned and fine-tuned", (true, false) => "pruned",
            (false, true) => "dense fine-tuned", _ => "dense" };
        return new(kind, file.ParentLayers, dropped, File.Exists(plan) ? PlanFile.Load(plan).Origin.Method : null);
    }
}
