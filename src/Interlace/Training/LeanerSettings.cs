using Interlace.Experiments;

namespace Interlace.Training;

/// <summary>Settings of tuning that need less memory.</summary>
internal static class LeanerSettings
{
    private const int FewestTokens = 1024;   // of a micro-batch: with fewer, samples soon stand alone

    /// <summary>
    /// The first of some settings that fits: what costs time alone comes first, what changes the result last. Null where none does, or
    /// where the settings fit as they are.
    /// </summary>
    /// <param name="options">The settings.</param>
    /// <param name="bytes">Memory there is.</param>
    /// <param name="needs">Bytes that tuning with some settings will need.</param>
    /// <returns>The settings, and what was changed, as <c>--set</c> takes it.</returns>
    public static (FineTuneOptions Options, IReadOnlyList<string> Changed)? Fitting(FineTuneOptions options, long bytes,
        Func<FineTuneOptions, long> needs)
    {
        if (needs(options) <= bytes) return null;
        foreach (var settings in Leaner(options))
            if (needs(settings) <= bytes) return (settings, Changes(options, settings));
        return null;
    }

    private static IEnumerable<FineTuneOptions> Leaner(FineTuneOptions options)
    {
        string[] optimisers = options.IsLean || options.Lora > 0
            ? [options.OptimizerMemory] : [options.OptimizerMemory, FineTuneOptions.Lean];
        string[] places = [FineTuneOptions.OffloadNone, FineTuneOptions.OffloadOptimizer, FineTuneOptions.OffloadAll];
        foreach (string optimiser in optimisers)
        foreach (string place in places[Math.Max(0, Array.IndexOf(places, options.Offload))..])
        {
            var settings = options with { Recompute = true, OptimizerMemory = optimiser, Offload = place };
            yield return settings;
            for (int tokens = options.MicroBatchTokens / 2; tokens >= FewestTokens; tokens /= 2)
                yield return settings with { MicroBatchTokens = tokens };
        }
    }

    private static List<string> Changes(FineTuneOptions before, FineTuneOptions after)
    {
        List<string> changes = [];
        if (after.Recompute != before.Recompute) changes.Add("finetune.recompute=true");
        if (after.MicroBatchTokens != before.MicroBatchTokens) changes.Add($"finetune.micro_batch_tokens={after.MicroBatchTokens}");
        if (after.OptimizerMemory != before.OptimizerMemory) changes.Add($"finetune.optimizer_memory={after.OptimizerMemory}");
        if (after.Offload != before.Offload) changes.Add($"finetune.offload={after.Offload}");
        return changes;
    }
}
