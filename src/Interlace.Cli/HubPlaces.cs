using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Hub;

namespace Interlace.Cli;

/// <summary>
/// What a command line or an experiment names of Hugging Face's hub, as folders of this machine: found in the cache, else fetched.
/// What lies whole in the cache is used as it lies, so that a long piece of work never changes its model under way;
/// <c>interlace fetch</c> looks for something newer.
/// </summary>
internal sealed class HubPlaces(Invocation invocation)
{
    private readonly Dictionary<string, string> _found = new(StringComparer.Ordinal);

    /// <summary>The variables of the environment, read where they are first needed.</summary>
    public HubSettings Settings => field ??= new();

    /// <summary>The folder of a model; the text itself where it means no repository.</summary>
    /// <param name="text">A folder, or <c>ORG/NAME[@REVISION]</c>.</param>
    /// <exception cref="InputException">It is not in the cache and cannot be fetched.</exception>
    public string Model(string text)
    {
        if (_found.TryGetValue(text, out string? folder)) return folder;
        if (HubModels.Meant(text) is not { } repository) return text;
        return _found[text] = HubModels.InCache(repository, Settings) ?? Fetch(repository).Folder;
    }

    /// <summary>The same paths with folders of samples in place of what lies on the hub.</summary>
    private string Sampled(string paths, DataOptions data, int seed) => string.Join(',', DataPath.ListOf(paths).Select(one =>
        (HubRepository.HasPrefix(one.Path) ? Sample(one.Path, data with { Rate = one.Rate ?? data.Rate }, seed) : one.Path)
            + (one.Rate is { } rate ? FormattableString.Invariant($"={rate}") : "")));

    /// <summary>The sample of a data set on the hub, in Hugging Face's folder beside its cache; taken where it is not there.</summary>
    private string Sample(string text, DataOptions data, int seed)
    {
        var repository = HubRepository.Parse(text, HubKind.DataSet);
        string draw = FormattableString.Invariant($"{data.Rate}-{seed}-{data.Draw}-{data.Counts}");
        string target = Path.Combine(Settings.Home, "interlace", "samples", repository.Id.Replace("/", "--", StringComparison.Ordinal),
            repository.Revision.Replace("/", "--", StringComparison.Ordinal), draw);
        SampleCommand.Take(invocation, text, target, data, seed, force: false);
        return target;
    }

    /// <summary>Fetches a model, or what is new of it.</summary>
    /// <exception cref="InputException">It cannot be fetched.</exception>
    public FetchedModel Fetch(HubRepository repository)
    {
        if (!Settings.IsOffline) invocation.Log($"Fetching {repository.Written} from {Settings.Endpoint.Host} into {Settings.Cache}.");
        return HubModels.Fetch(repository, Settings, bytes => new ByteProgress("fetch", bytes, invocation.Progress), invocation.Log,
            invocation.Cancellation);
    }

    /// <summary>An experiment whose model is a folder, called by its name and not by the commit's.</summary>
    /// <inheritdoc cref="Model"/>
    public Experiment LocalModel(Experiment experiment)
    {
        if (experiment.Model is not { } text || HubModels.Meant(text) is not { } repository) return experiment;
        return experiment with { Model = Model(text), Name = experiment.Name ?? repository.Name };
    }

    /// <summary>An experiment whose models and data are folders.</summary>
    /// <inheritdoc cref="Model"/>
    public Experiment Local(Experiment experiment) => LocalData(LocalModel(experiment));

    /// <summary>An experiment whose data and unpruned model are folders.</summary>
    /// <inheritdoc cref="Model"/>
    public Experiment LocalData(Experiment experiment)
    {
        var data = experiment.Data ?? new();
        if (data.Path is { } path && path.Contains(HubRepository.Prefix, StringComparison.Ordinal))
            experiment = experiment with { Data = data with { Path = Sampled(path, data, experiment.Seed) } };
        if (experiment.Calibrate is { Data: { } other } calibrate && other.Contains(HubRepository.Prefix, StringComparison.Ordinal))
            experiment = experiment with { Calibrate = calibrate with { Data = Sampled(other, data, experiment.Seed) } };
        return experiment.Finetune is { Parent: { } parent } options
            ? experiment with { Finetune = options with { Parent = Model(parent) } } : experiment;
    }
}
