using System.Text;
using Interlace.Artefacts;
using Interlace.Data.Sampled;
using Interlace.Experiments;
using Interlace.Outputs;
using Interlace.Pruning;
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
        (string Folder, string Name)[] models = [.. new[] { (RunFolder.Pruned, "dropped"), (RunFolder.Tuned, "recovered") }
            .Select(model => (Path.Combine(folder, model.Item1), model.Item2)).Where(model => ModelRecords.AreIn(model.Item1))];
        if (models.Length == 0)
        {
            throw new InputException($"{folder} holds neither a {RunFolder.Pruned} nor a {RunFolder.Tuned} model: "
                + $"prune into {Path.Combine(folder, RunFolder.Pruned)} first.");
        }
        string? parent = experiment.Model is { } named && UserFile.KindOf(named) == PathKind.Folder ? named : null;
        foreach (var model in models) CheckFree(model.Folder, parent, overwrite);
        // Examples need the tables, of which a card shows nothing.
        var withoutTables = experiment with { Evaluate = (experiment.Evaluate ?? new()) with { Benchmarks = null } };
        var run = RunReport.Read(folder, withoutTables, [], peakMemory: null);
        var (origin, licence, sets) = (BaseOf(experiment.Model ?? run.Model), LicenceOf(parent), DataSets(experiment));
        List<string> written = [];
        foreach (var model in models)
        {
            using var checkpoint = Checkpoint.Open(model.Folder);
            var card = new ModelCard(origin, ModelSummary.Of(checkpoint).ReadsImages, licence, sets);
            written.Add(Path.Combine(model.Folder, CardFile.Name));
            AtomicFile.Write(written[^1], Encoding.UTF8.GetBytes(card.ToMarkdown(run, model.Name)));
        }
        return written;
    }

    private static void CheckFree(string model, string? parent, bool overwrite)
    {
        string path = Path.Combine(model, CardFile.Name);
        if (overwrite || UserFile.KindOf(path) == PathKind.Missing || CardFile.IsOurs(model)) return;
        string theirs = parent is null ? "" : Path.Combine(parent, CardFile.Name);
        if (UserFile.KindOf(theirs) == PathKind.File
            && UserFile.Read(theirs, MostBytes).AsSpan().SequenceEqual(UserFile.Read(path, MostBytes))) return;
        throw new InputException($"{path} is neither made by Interlace nor the parent's: replace it with --force.");
    }

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
        if (UserFile.KindOf(path) != PathKind.File) return found;
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
}
