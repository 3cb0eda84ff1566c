using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Generation;

/// <summary>
/// Answers conversations as they come, of several models. One thread decodes for all of them, model after model, a turn each: what arrives
/// joins the batch of its model at the next turn, and what ends or is given up leaves it. An answer depends on its own prompt, options and
/// seed alone, but for the rounding of the kernels that a batch may choose. Safe for use by several threads.
/// </summary>
public sealed class ContinuousGenerator : IDisposable
{
    private readonly object _gate = new();
    private readonly ContinuousModel[] _models;
    private readonly Thread _thread;
    private bool _isEnding;

    /// <summary>Begins to wait for conversations.</summary>
    /// <param name="models">The models; they must outlive this.</param>
    /// <param name="options">How they are shared.</param>
    public ContinuousGenerator(IReadOnlyList<LoadedModel> models, ContinuousOptions options)
    {
        _models = [.. models.Select(model => new ContinuousModel(model, options))];
        _thread = new Thread(Work) { Name = "decoding", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Asks a model. The answer comes as a task; it is cancelled where whoever asked leaves.</summary>
    /// <param name="model">0-based place of the model.</param>
    /// <param name="prompt">The prompt, ending where the answer begins.</param>
    /// <param name="options">How it is answered, with the seed of its sampling: as <see cref="Generator"/> answers its first prompt.
    /// Slots and tokens of a pass are this generator's.</param>
    /// <param name="onToken">Is told every token but the one that stops, on the decoding thread: it must be quick. False ends the answer,
    /// which then counts as stopped.</param>
    /// <param name="cancellation">Whoever asked has left.</param>
    /// <returns>Null where too many wait.</returns>
    public Task<Generated>? Ask(int model, EncodedSample prompt, GenerationOptions options, Func<int, bool> onToken,
        CancellationToken cancellation = default)
    {
        var conversation = new AwaitedConversation(prompt, options, onToken, cancellation);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isEnding, this);
            if (!_models[model].Add(conversation)) return null;
            Monitor.PulseAll(_gate);
        }
        return conversation.Whole;
    }

    /// <summary>Conversations of a model that wait for a place.</summary>
    /// <param name="model">0-based place of the model.</param>
    public int Waiting(int model) => _models[model].Waiting;

    /// <summary>Conversations of a model that are being answered.</summary>
    /// <param name="model">0-based place of the model.</param>
    public int Active(int model) => _models[model].Active;

    /// <summary>Ends after the turn at hand; what has no whole answer by then is cancelled.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isEnding) return;
            _isEnding = true;
            Monitor.PulseAll(_gate);
        }
        _thread.Join();
    }

    private void Work()
    {
        while (HasWork())
            foreach (var model in _models) model.Turn();
        foreach (var model in _models) model.Dispose();
    }

    private bool HasWork()
    {
        lock (_gate)
        {
            while (!_isEnding && _models.All(model => model.IsIdle)) Monitor.Wait(_gate);
            return !_isEnding;
        }
    }
}
