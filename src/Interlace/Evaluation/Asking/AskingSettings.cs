using Interlace.Data;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Generation;

namespace Interlace.Evaluation.Asking;

/// <summary>How the questions of one benchmark are asked: the settings of all, with what the experiment overrides for this one.</summary>
/// <param name="Limit">At most this many rows; null for all.</param>
/// <param name="MaxNewTokens">New tokens of an answer.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Sampling">greedy, qwen or checkpoint.</param>
/// <param name="Temperature">In place of the sampling's own.</param>
public sealed record AskingSettings(int? Limit, int MaxNewTokens, string Prompts, string Sampling, double? Temperature = null)
{
    /// <summary>The settings of one benchmark.</summary>
    public static AskingSettings Of(EvaluationOptions options, Benchmark benchmark)
    {
        var own = options.Overrides?.FirstOrDefault(entry => Benchmarks.IsNamed(benchmark, entry.Key)).Value;
        return new(own?.Limit ?? options.Limit, own?.MaxNewTokens ?? TokenLimit(options), own?.Prompts ?? options.Prompts,
            own?.Sampling ?? options.Sampling, options.Temperature);
    }

    /// <summary>New tokens that the options allow: the protocol's number (paper 4.2 and 4.4) unless they name another.</summary>
    /// <exception cref="InputException">There is no such protocol.</exception>
    public static int TokenLimit(EvaluationOptions options) => options.MaxNewTokens ?? options.Protocol switch
    {
        "limited" => 50,
        "cot" => 16_384,
        _ => throw new InputException($"evaluate.protocol is '{options.Protocol}': choose limited or cot."),
    };

    /// <summary>Refuses overrides for a benchmark that is neither known nor found, which would silently do nothing.</summary>
    /// <param name="options">The options.</param>
    /// <param name="found">The benchmarks at hand.</param>
    /// <exception cref="InputException">A name is wrong.</exception>
    public static void Check(EvaluationOptions options, IEnumerable<Benchmark> found)
    {
        Benchmark[] all = [.. found, .. Benchmarks.All];
        foreach (string name in options.Overrides?.Keys ?? Enumerable.Empty<string>())
            if (!Array.Exists(all, benchmark => Benchmarks.IsNamed(benchmark, name)))
            {
                throw new InputException($"evaluate.overrides names the benchmark {name}, which is not known: "
                    + $"it may name {string.Join(", ", all.Select(benchmark => benchmark.Name).Distinct())}.");
            }
    }

    /// <summary>The style of the prompts.</summary>
    /// <exception cref="InputException">There is no such style.</exception>
    public PromptStyle PromptStyle => Prompts switch
    {
        "dataset" => PromptStyle.Dataset,
        "qwen3vl" => PromptStyle.Custom,
        _ => throw new InputException($"evaluate.prompts is '{Prompts}': choose dataset or qwen3vl."),
    };

    /// <summary>The rows of a table that are asked.</summary>
    public IReadOnlyList<BenchmarkRow> RowsOf(BenchmarkTable table) => Limit is { } limit ? [.. table.Rows.Take(limit)] : table.Rows;

    /// <summary>How the answers are generated.</summary>
    /// <param name="slots">Answers in flight at once.</param>
    /// <param name="model">Folder of the model.</param>
    /// <exception cref="InputException">The model's own settings are damaged.</exception>
    public GenerationOptions Generation(int slots, string model)
    {
        var sampling = Sampling == EvaluationOptions.AsCheckpoint
            ? CheckpointSampling.Read(model).ToOptions() : GenerationOptions.Preset(Sampling);
        return sampling with { MaxNewTokens = MaxNewTokens, Slots = slots, Temperature = Temperature ?? sampling.Temperature };
    }

    /// <summary>The seed of one answer: it depends on the run's seed and on the row, so that batching,
    /// order and resuming change no answer.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="benchmark">The benchmark's name.</param>
    /// <param name="index">The row's index.</param>
    public static ulong SeedOf(int seed, string benchmark, string index) => SeededHash.ShardKey($"answers of {benchmark}", index, seed);
}
