using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Runs;

/// <summary>What models, tables and files of texts are, each looked at once.</summary>
internal sealed class InputIdentities
{
    private readonly Dictionary<string, ModelIdentity> _models = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, string>? _tables;   // one experiment names one folder of them
    private IReadOnlyList<LikelihoodFile>? _files;

    /// <summary>The identity of a model folder.</summary>
    /// <exception cref="InputException">It holds no complete model.</exception>
    public ModelIdentity OfModel(string folder)
    {
        if (_models.TryGetValue(folder, out var known)) return known;
        using var checkpoint = Checkpoint.Open(folder);
        return _models[folder] = ModelIdentity.Of(checkpoint);
    }

    /// <summary>The files of texts and choices, with their hashes.</summary>
    /// <exception cref="InputException">One is absent or wrong.</exception>
    public IReadOnlyList<LikelihoodFile> OfFiles(EvaluationOptions options) => _files ??= LikelihoodStage.Open(options);

    /// <summary>MD5 by file name of the tables that are asked.</summary>
    /// <exception cref="InputException">One is absent or wrong.</exception>
    public IReadOnlyDictionary<string, string> OfTables(EvaluationOptions options)
    {
        if (_tables is not null) return _tables;
        using var tables = TableSet.Open(Benchmarks.In(options.Benchmarks!, options.Only));
        return _tables = tables.Md5;
    }
}
