using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Latency;
using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Scoring;
using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Reporting.Paper;

/// <summary>
/// Finds what run folders hold: ordinary runs, matrices (a folder <c>variants</c> with one folder for each plan) and evaluations.
/// Sources are named from the given folder on, with slashes,
/// so that the same folders give the same report wherever they lie.
/// </summary>
internal sealed partial class RunScan
{
    private const string Sparsity = "sparsity.json", Bridged = "bridged";

    private readonly List<FoundModel> _models = [];
    private readonly FoundModel _alone = new("");   // evaluations that were named by themselves
    private string? _nameOfAlone;

    /// <summary>The models of the runs, in the order in which they were named.</summary>
    /// <param name="runs">The folders.</param>
    /// <exception cref="InputException">A folder is absent, holds no run, or an artefact in it is damaged.</exception>
    public static IReadOnlyList<FoundModel> Of(IReadOnlyList<string> runs)
    {
        RunScan scan = new();
        string[] folders = [.. runs.DistinctBy(run => Path.TrimEndingDirectorySeparator(Path.GetFullPath(run)))];
        foreach (var (run, name) in folders.Zip(NamesOf(folders))) scan.Add(run, name);
        scan.PlaceAlone();
        return scan._models;
    }

    /// <summary>Whether a folder is what an experiment of one plan leaves.</summary>
    public static bool IsOrdinaryRun(string folder) =>
        !Directory.Exists(Path.Combine(folder, RunFolder.Variants)) && Directory.Exists(Path.Combine(folder, RunFolder.Evaluated));

    /// <summary>The settings that a run folder records; null where it records none.</summary>
    public static JsonObject? SettingsOf(string folder)
    {
        foreach (var (file, member) in new[] { ("experiment.json", null), ("run.json", "settings") })
            if (Json(Path.Combine(folder, file)) is JsonObject record
                && (member is null ? record : record[member] as JsonObject) is { } settings)
                return settings;
        return null;
    }

    /// <summary>The last parts of the paths, as many as tell them apart.</summary>
    private static string[] NamesOf(IReadOnlyList<string> runs)
    {
        string[][] parts = [.. runs.Select(run => Path.GetFullPath(run)
            .Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))];
        for (int count = 1; ; count++)
        {
            string[] names = [.. parts.Select(path => string.Join('-', path[^Math.Min(count, path.Length)..]))];
            if (names.Distinct(StringComparer.Ordinal).Count() == names.Length || count >= parts.Max(path => path.Length)) return names;
        }
    }

    private void Add(string run, string name)
    {
        UserFile.CheckFolder(run, $"There is no folder {run}.");
        if (IsEvaluation(run))
        {
            if (AddEvaluation(_alone, run, name, null, null) == Treatment.Dense) _nameOfAlone ??= ModelName(run, name);
            return;
        }
        bool matrix = Directory.Exists(Path.Combine(run, RunFolder.Variants));
        if (!matrix && !Directory.Exists(Path.Combine(run, RunFolder.Evaluated))
            && !new[] { LayerSimilarity.Name, PlanFile.Name, LatencyFile.Name }.Any(file => File.Exists(Path.Combine(run, file))))
        {
            throw new InputException($"{run} holds no run: there is neither {RunFolder.Variants} nor {RunFolder.Evaluated}, "
                + $"{LayerSimilarity.Name}, {PlanFile.Name}, {LatencyFile.Name}, {ScoresFile.Name} or {LikelihoodsFile.Name} in it.");
        }
        FoundModel model = ModelOf(ModelName(run, name));
        AddFolder(model, run, name, "");
        foreach (string dense in Folders(run)
            .Where(folder => Path.GetFileName(folder).StartsWith("dense", StringComparison.Ordinal)
            && IsEvaluation(folder)))
            AddEvaluation(model, dense, $"{name}/{Path.GetFileName(dense)}", null, Treatment.Dense);
        if (!matrix) return;
        foreach (string variant in Folders(Path.Combine(run, RunFolder.Variants)))
            AddFolder(model, variant, $"{name}/{RunFolder.Variants}/{Path.GetFileName(variant)}", Path.GetFileName(variant));
    }

    /// <summary>A run folder, or that of a variant of a matrix: plan, evaluations, training, times.</summary>
    private void AddFolder(FoundModel model, string folder, string source, string variant)
    {
        string plan = Path.Combine(folder, PlanFile.Name);
        PruningPlan? found = File.Exists(plan) ? PlanFile.Load(plan) : null;
        Treatment? treatment = found is not null ? Of(found, variant, IsBridged(folder)) : OfSparsity(folder, variant);
        double? ratio = found?.Origin.Ratio;
        if (found is not null)
        {
            model.Layers ??= found.LayerCount;
            model.Plans.Add(new(LabelOf(treatment! with { Tuned = !found.Tune.IsEmpty }, ratio, found.LayerCount), source,
                RunReport.Plan(plan)!));
        }
        model.Similarity ??= RunReport.Similarity(Path.Combine(folder, LayerSimilarity.Name));
        model.Layers ??= model.Similarity?.Layer.Length;
        foreach (string evaluated in Folders(Path.Combine(folder, RunFolder.Evaluated)).Where(IsEvaluation))
        {
            string kind = Path.GetFileName(evaluated);
            Treatment? of = kind.StartsWith("dense", StringComparison.Ordinal) ? Treatment.Dense : treatment is null
                ? null : treatment with { Tuned = kind.StartsWith("recovered", StringComparison.Ordinal) };
            if (of is { Method: "dense", Tuned: false }) continue;   // nothing dropped, nothing tuned: the model as it is, asked twice
            AddEvaluation(model, evaluated, $"{source}/{RunFolder.Evaluated}/{kind}", ratio, of);
        }
        string log = Path.Combine(folder, RunFolder.Tuned, TrainingLog.Name);
        if (RunReport.Training(log) is { } training)
            model.Trainings.Add(new(treatment is null ? source : LabelOf(treatment with { Tuned = true }, ratio, model.Layers), source,
                training));
        foreach (string latency in new[] { Path.Combine(folder, LatencyFile.Name),
            Path.Combine(folder, "latency", LatencyFile.Name) }.Where(File.Exists))
            model.Latencies.Add((source, LatencyFile.Load(latency)));
        if (Cost(folder, source) is { } cost) model.Costs.Add(cost);
    }

    /// <summary>Whether the models of a run were bridged, by its settings: the models themselves may be gone.</summary>
    private static bool IsBridged(string folder) =>
        (SettingsOf(folder)?["prune"] as JsonObject)?["bridge"] is JsonValue value && value.TryGetValue(out bool bridged) && bridged;

    private static Treatment Of(PruningPlan plan, string variant, bool bridged)
    {
        string detail = variant.Length > 0 ? VariantName().Match(variant).Groups["detail"].Value :
            string.Join(", ", new[] { plan.Origin.Selection == Selection.Optimal ? "optimal" : "", plan.Origin.Tokens == "all"
                ? "" : plan.Origin.Tokens, bridged ? Bridged : "" }.Where(part => part.Length > 0));
        return new(plan.Origin.Method, plan.Drop.Length, null, detail, false);
    }

    /// <summary>Weight sparsity by its record, beside the evaluations or in the model's folder;
    /// where the model is gone, by the name of the folder, such as <c>wanda-2of4</c>.</summary>
    private static Treatment? OfSparsity(string folder, string variant)
    {
        JsonNode? record = Json(Path.Combine(folder, Sparsity)) ?? Json(Path.Combine(folder, RunFolder.Pruned, Sparsity));
        string? Member(string name) => Text(record, name) ?? Text((record as JsonObject)?["settings"], name);
        Match parts = VariantName().Match(variant);
        string method = Member("method") ?? parts.Groups["method"].Value, pattern = Member("pattern")
            ?? parts.Groups["amount"].Value.Replace("of", ":", StringComparison.Ordinal);
        return method.Length == 0 || pattern.Length == 0 ? null : new(method, 0, pattern, parts.Groups["detail"].Value, false);
    }

    private static bool IsEvaluation(string folder) => File.Exists(Path.Combine(folder, ScoresFile.Name)) || LikelihoodRun.IsIn(folder);

    /// <summary>Adds the scores and likelihoods of a folder, and gives what was done to their model.</summary>
    private static Treatment AddEvaluation(FoundModel model, string folder, string source, double? ratio, Treatment? treatment)
    {
        ScoredRun? scores = File.Exists(Path.Combine(folder, ScoresFile.Name)) ? ScoredRun.Load(source, folder) : null;
        LikelihoodRun? likelihoods = LikelihoodRun.IsIn(folder) ? LikelihoodRun.Load(source, folder) : null;
        treatment ??= Of(scores is null ? likelihoods!.File.Inputs.History : scores.Scores.Inputs.History);
        if (scores is not null) model.Evaluations.Add(new(treatment, ratio, source, scores));
        if (likelihoods is not null) model.Likelihoods.Add(new(treatment, ratio, source, likelihoods));
        return treatment;
    }

    private static Treatment Of(ModelHistory? history)
    {
        bool tuned = history?.Kind.EndsWith("fine-tuned", StringComparison.Ordinal) == true;
        return history is null || history is { DroppedLayers: 0, Method: null or "dense" } && !tuned ? Treatment.Dense
            : new(history.Method ?? (history.DroppedLayers == 0 ? "dense" : "unknown"), history.DroppedLayers, null,
                history.Kind.Contains(Bridged, StringComparison.Ordinal) ? Bridged : "", tuned);
    }

    private static FolderCost? Cost(string folder, string source)
    {
        StageCost[] stages = StageCosts.Read(folder);
        string training = Path.Combine(folder, RunFolder.Tuned, TrainingRecord.Name);
        long? samples = File.Exists(training) ? TrainingRecord.Load(training).Samples : null;
        var rows = TrainingLog.Read(Path.Combine(folder, RunFolder.Tuned, TrainingLog.Name));
        long? memory = PeakMemory(Path.Combine(folder, RunFolder.Summary)) ?? (rows.Count > 0 ? rows.Max(row => row.MemoryBytes) : null);
        return stages.Length == 0 && samples is null ? null
            : new(source, stages, stages.Any(stage => stage.EnergyJoules is not null) ? stages.Sum(stage => stage.EnergyJoules ?? 0) : null,
            samples, memory);
    }

    private static long? PeakMemory(string summary) => Json(summary) switch
    {
        null => null,
        JsonObject found when found["peak_memory_bytes"] is null => null,
        JsonObject found when found["peak_memory_bytes"] is JsonValue value && value.TryGetValue(out long bytes) && bytes >= 0 => bytes,
        _ =>
            throw new InputException($"{summary} is no summary of a run: its peak_memory_bytes is no number of bytes; "
                + "delete it to go on without it."),
    };

    /// <summary>Evaluations that were named by themselves belong to the dense model among them, or to the first model of all.</summary>
    private void PlaceAlone()
    {
        string[] sources = [.. _alone.Evaluations.Select(evaluation => evaluation.Source),
            .. _alone.Likelihoods.Select(measured => measured.Source)];
        if (sources.Length == 0) return;
        FoundModel model = _nameOfAlone is null && _models.Count > 0 ? _models[0] : ModelOf(_nameOfAlone ?? sources[0]);
        model.Evaluations.AddRange(_alone.Evaluations);
        model.Likelihoods.AddRange(_alone.Likelihoods);
        model.Layers ??= _alone.Evaluations.Select(evaluation => evaluation.Run.Scores.Inputs.History?.Layers)
            .Concat(_alone.Likelihoods.Select(measured => measured.Run.File.Inputs.History.Layers))
            .FirstOrDefault(layers => layers is not null);
    }

    private FoundModel ModelOf(string name)
    {
        if (_models.Find(model => model.Name == name) is { } known) return known;
        _models.Add(new(name));
        return _models[^1];
    }

    private static string ModelName(string folder, string otherwise)
    {
        JsonObject? settings = SettingsOf(folder);
        string? model = Text(settings, "name") ?? Text(settings, "model");
        return model is null ? otherwise : model.TrimEnd('/', '\\').Split('/', '\\')[^1];
    }

    private static IEnumerable<string> Folders(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal) : [];

    /// <summary>A treatment and how much it took away, such as <c>Interlace 25 %</c>.</summary>
    public static string LabelOf(Treatment treatment, double? ratio, int? layers)
    {
        if (treatment.Dropped == 0) return treatment.Name;
        double? part = ratio ?? treatment.Dropped / (double?)layers;
        string taken = part is { } known ? Numbers.Percentage(known) : $"{treatment.Dropped} layers";
        return treatment.Name.EndsWith(Treatment.Untuned, StringComparison.Ordinal)
            ? $"{treatment.Name[..^Treatment.Untuned.Length]} {taken}{Treatment.Untuned}"
            : $"{treatment.Name} {taken}";
    }

    private static string? Text(JsonNode? record, string member) =>
        (record as JsonObject)?[member] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static JsonNode? Json(string path) => File.Exists(path) ? StrictJson.Read(path) : null;

    /// <summary>Names of the folders of a matrix: <c>interlace-25</c>, <c>random-12.5-seed1</c>, <c>wanda-2of4</c>,
    /// <c>interlace-25-optimal</c>.</summary>
    [GeneratedRegex(@"^(?<method>[a-z-]+?)-(?<amount>[0-9.]+(?:of[0-9]+)?)(?:-(?!seed\d)(?<detail>.+?))?(?:-seed\d+)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex VariantName();
}
