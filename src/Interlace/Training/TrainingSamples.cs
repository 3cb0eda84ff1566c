using Interlace.Data;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;

namespace Interlace.Training;

/// <summary>
/// The samples of a tuning as its options have them shown: within bounds of pixels, in a form, with the tokens to train on.
/// </summary>
internal sealed class TrainingSamples
{
    private readonly DrawnData _data;
    private readonly FineTuneOptions _options;
    private readonly Processor _processor;
    private readonly AssistantTargets? _targets;

    /// <param name="data">The data.</param>
    /// <param name="options">How to tune.</param>
    /// <param name="processor">The model's processor.</param>
    /// <exception cref="InputException">The model's images have no lower bound of pixels, or its prompts no assistant's turns.</exception>
    public TrainingSamples(DrawnData data, FineTuneOptions options, Processor processor)
    {
        (_data, _options) = (data, options);
        _processor = options.MinPixels is { } least ? processor.WithMinPixels(least) : processor;
        _targets = options.TrainOn.StartsWith("assistant", StringComparison.Ordinal)
            ? new(processor.Tokenizer, strict: options.TrainOn == "assistant_strict") : null;
    }

    /// <summary>Makes sure that there is something to learn from.</summary>
    /// <exception cref="InputException">All rows are plain texts, and answers are trained on.</exception>
    public static void Check(DrawnData data, FineTuneOptions options)
    {
        if (options.TakesTexts || !data.HoldsOnlyTexts()) return;
        throw new InputException($"finetune.train_on={options.TrainOn} finds nothing to learn from in {data.Options.Path}: "
            + "its rows are plain texts, which have no answers; set finetune.train_on=text.");
    }

    /// <summary>The samples of a store in an order of their places, from the <paramref name="next"/>-th of that order on.</summary>
    /// <param name="store">The samples.</param>
    /// <param name="order">Places in the store.</param>
    /// <param name="next">Where in that order to begin.</param>
    /// <param name="skipped">Where those are counted that are left out.</param>
    /// <param name="outlines">Outlines come, those that are known to fail left out; whole samples where null.</param>
    /// <param name="cancellation">Ends the enumeration.</param>
    public IEnumerable<LoadedSample> Load(SampleStore store, IReadOnlyList<int> order, long next, SkipCounts skipped,
        IReadOnlyDictionary<long, string>? outlines, CancellationToken cancellation)
    {
        var samples = _data.Load(store.Read(order, (int)next), _processor, skipped, next, cancellation, ConversationForm.Of(_options),
            _options.Failing == "next" ? store.After : null, outlines);
        return _targets is null ? samples : samples.Select(Marked);
    }

    private LoadedSample Marked(LoadedSample sample) => sample with
    {
        Encoded = _targets!.Mark(sample.Encoded),
        Open = sample.Open is not { } open ? null
            : () => open() is var (encoded, skip) && encoded is not null ? (_targets.Mark(encoded), skip) : (null, skip),
    };
}
