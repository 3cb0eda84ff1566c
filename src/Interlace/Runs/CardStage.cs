using System.Text;
using Interlace.Artefacts;
using Interlace.Data.Sampled;
using Interlace.Experiments;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Pruning.Sparsity;
using Interlace.Reporting;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Runs;

/// <summary>Run folder -> the card (<c>README.md</c>) of the pruned and of the tuned model in it, from what the run measured.</summary>
public static class CardStage
{
    private const int MostBytes = 1 << 20;
    private static readonly string[] LicenceKeys = ["license", "license_name", "license_link"];

    /// <summary>Writes the cards.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="experiment">Its settings; they name the parent and the data.</param>
    /// <param name="overwrite">Replace a card that is neither ours nor the parent's.</param>
    /// <returns>The files that were written.</returns>
    /// <exception cref="InputException">There is no model in the folder, an artefact is wrong,
    /// or somebody else's card is in the way.</exception>
    public static IReadOnlyList<string> Run(string folder, Experiment experiment, bool overwrite = false)
    {
        Model[] models = ModelsIn(folder);
        if (models.Length == 0)
        {
            throw new InputException($"{folder} holds neither a {RunFolder.Pruned} nor a {RunFolder.Tuned} model: "
                + $"prune into {Path.Combine(folder, RunFolder.Pruned)} first.");
        }
        if (!overwrite && models.FirstOrDefault(model => !IsFree(model, ParentOf(experiment))) is { } taken)
            throw new InputException($"{taken.Card} is neither made by Interlace nor the parent's: replace it with --force.");
        return Write(models, experiment, [Measured(folder, experiment)]);
    }

    /// <summary>Writes the cards at the end of a run; where somebody else's stands, it stays, and a line says so.</summary>
    /// <param name="folder">The run folder, perhaps without models.</param>
    /// <param name="experiment">Its settings.</param>
    /// <param name="say">Receives lines for a person.</param>
    /// <param name="measured">What the run measured, one for each way in which its models were asked.</param>
    internal static void AddTo(string folder, Experiment experiment, Action<string> say, Func<IReadOnlyList<ReportData>> measured)
    {
        var models = ModelsIn(folder).ToLookup(model => IsFree(model, ParentOf(experiment)));
        foreach (var model in models[false]) say($"card: {model.Card} is neither made by Interlace nor the parent's, and stays");
        if (models[true].Any()) Write(models[true], experiment, measured());
    }

    /// <summary>What a run measured, as far as a card shows it: examples need the tables, of which it shows nothing.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="experiment">Its settings.</param>
    /// <param name="evaluated">Evaluations by what their model is called, the baseline first; those of the run folder where absent.</param>
    internal static ReportData Measured(string folder, Experiment experiment,
        IReadOnlyList<(string Name, string Folder)>? evaluated = null)
    {
        var withoutTables = experiment with { Evaluate = (experiment.Evaluate ?? new()) with { Benchmarks = null } };
        return evaluated is null ? RunReport.Read(folder, withoutTables, [], peakMemory: null)
            : RunReport.Read(folder, withoutTables, [], peakMemory: null, evaluated);
    }

    private static Model[] ModelsIn(string folder) =>
        [.. new Model[] { new(Path.Combine(folder, RunFolder.Pruned), "dropped"), new(Path.Combine(folder, RunFolder.Tuned), "recovered") }
            .Where(model => ModelRecords.AreIn(model.Folder))];

    private static List<string> Write(IEnumerable<Model> models, Experiment experiment, IReadOnlyList<ReportData> measured)
    {
        var (origin, licence) = (BaseOf(experiment.Model ?? measured[0].Model), LicenceOf(ParentOf(experiment)));
        string[] sets = DataSets(experiment);
        List<string> written = [];
        foreach (var model in models)
        {
            using var checkpoint = Checkpoint.Open(model.Folder);
            var card = new ModelCard(origin, ModelSummary.Of(checkpoint).ReadsImages, licence, sets)
            {
                Sparsity = SparsityFile.In(model.Folder),
                IsBridged = File.Exists(Path.Combine(model.Folder, PrunedModelFile.Name))
                    && PrunedModelFile.Load(model.Folder).Bridge?.Layers.Count > 0,
                Trained = experiment.Complete().Finetune!.Train,
            };
            written.Add(model.Card);
            AtomicFile.Write(model.Card, Encoding.UTF8.GetBytes(card.ToMarkdown(measured, model.Name)));
        }
        return written;
    }

    /// <summary>Whether a card may be written: there is none, an own one, or the parent's, which pruning copied.</summary>
    private static bool IsFree(Model model, string? parent)
    {
        var kind = UserFile.KindOf(model.Card);
        if (kind != PathKind.File) return kind == PathKind.Missing;
        if (CardFile.IsOurs(model.Folder)) return true;
        string theirs = parent is null ? "" : Path.Combine(parent, CardFile.Name);
        return IsReadable(model.Card) && IsReadable(theirs)
            && UserFile.Read(theirs, MostBytes).AsSpan().SequenceEqual(UserFile.Read(model.Card, MostBytes));
    }

    private static bool IsReadable(string path) =>
        UserFile.KindOf(path) == PathKind.File && UserFile.LengthOf(path) <= MostBytes;

    private static string? ParentOf(Experiment experiment) =>
        experiment.Model is { } named && UserFile.KindOf(named) == PathKind.Folder ? named : null;

    /// <summary>The name on the hub of a model that lies in its cache; else the name of the folder.</summary>
    private static string BaseOf(string model)
    {
        string[] parts = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)).Split(Path.DirectorySeparatorChar);
        return parts is [.., var repository, "snapshots", _] && repository.Split("--") is ["models", var owner, .. var name]
            ? $"{owner}/{string.Join("--", name)}" : parts[^1];
    }

    /// <summary>What the head of the parent's card says of its licence.</summary>
    private static Dictionary<string, string> LicenceOf(string? parent)
    {
        Dictionary<string, string> found = [];
        string path = parent is null ? "" : Path.Combine(parent, CardFile.Name);
        if (!IsReadable(path)) return found;
        string[] lines = Encoding.UTF8.GetString(UserFile.Read(path, MostBytes)).Split('\n');
        if (lines[0].Trim() != "---") return found;
        foreach (string line in lines.Skip(1).TakeWhile(line => line.Trim() != "---"))
        {
            if (line.Split(':', 2) is not [var key, var value] || !LicenceKeys.Contains(key)) continue;
            if (value.Trim().Trim('"', '\'') is { Length: > 0 } plain) found[key] = plain;
        }
        return found;
    }

    /// <summary>Names on the hub of the samples that the data are.</summary>
    private static string[] DataSets(Experiment experiment) => experiment.Data?.Path is not { Length: > 0 } path ? []
        : [.. DataPath.ListOf(path).Where(data => SampleFile.IsIn(data.Path)).Select(data => SampleFile.Load(data.Path).Source)
            .Where(source => source.Kind == "hub").Select(source => source.Name).Distinct(StringComparer.Ordinal)];

    /// <summary>A model of a run.</summary>
    /// <param name="Folder">Its folder.</param>
    /// <param name="Name">What reports call it.</param>
    private sealed record Model(string Folder, string Name)
    {
        public string Card => Path.Combine(Folder, CardFile.Name);
    }
}
