using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families.Qwen3VL;
using static TorchSharp.torch;

namespace Interlace.DemoModel.Training;

/// <summary>
/// A model and copies of it that share its weights but have gradients of their own. Each takes a part of a step, on a thread of its own: so small a model gains more by that than by engine threads that wait
/// for each other after every operation. The gradients are added up in the order of the copies, whichever was ready first.
/// </summary>
internal sealed class Replicas : IDisposable
{
    private readonly VisionLanguageModel[] _models;

    /// <summary>Makes so many models out of one; what is trained in it is trained in all.</summary>
    /// <param name="model">The first of them.</param>
    /// <param name="create">Makes a model of the same shape with parameters from a source.</param>
    /// <param name="count">How many in all.</param>
    public Replicas(VisionLanguageModel model, Func<ParameterSource, VisionLanguageModel> create, int count)
    {
        var values = model.Parameters.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        _models = [model, .. Enumerable.Range(1, count - 1).Select(_ => create((name, _) => new Parameter(name, values[name].detach().requires_grad_(values[name].requires_grad))))];
    }

    /// <summary>The first, whose parameters are updated.</summary>
    public VisionLanguageModel First => _models[0];

    /// <summary>The models, the first included.</summary>
    public IReadOnlyList<VisionLanguageModel> All => _models;

    /// <summary>Runs a part on each model, all at once, and adds the gradients of the others to those of the first.</summary>
    /// <param name="run">What the model with this number has to do; it leaves gradients of all parameters named next, or of none.</param>
    /// <param name="trained">Parameters of the first model that get gradients.</param>
    public T[] Run<T>(Func<int, T> run, IReadOnlyList<Parameter> trained)
    {
        Task<T>[] others = [.. Enumerable.Range(1, _models.Length - 1).Select(r => Task.Run(() => run(r)))];
        T[] results = [run(0), .. others.Select(other => other.GetAwaiter().GetResult())];
        using var _ = no_grad();
        var names = trained.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        foreach (VisionLanguageModel model in _models.Skip(1))
            foreach (var (own, other) in _models[0].Parameters.Zip(model.Parameters))
                if (names.Contains(own.Name) && other.Value.grad is { } gradient)
                {
                    own.Value.grad!.Add(gradient);
                    gradient.zero_();
                }
        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (VisionLanguageModel model in _models.Reverse()) model.Dispose();
    }
}
