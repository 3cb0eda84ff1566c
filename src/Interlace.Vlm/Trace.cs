using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>
/// Every intermediate tensor of one pass without a cache, by name: <c>input_ids</c>, <c>position_ids</c> [axes, T], what the vision encoder
/// shows, <c>inputs_embeds</c>, <c>rope.cos</c> and <c>rope.sin</c> [T, head size], <c>rope.sliding.cos</c> and <c>rope.sliding.sin</c>
/// where layers with a window have their own, for each decoder layer I <c>layers.I.input</c> (what it truly reads, after a DeepStack
/// addition) and <c>layers.I.output</c> (its own output, before one), where it has
/// experts <c>layers.I.router.experts</c> and <c>layers.I.router.weights</c> [T, chosen], <c>final_norm</c> and <c>logits</c>.
/// Copies on the CPU, in the type of the computation.
/// </summary>
public sealed class Trace : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    private Trace()
    {
    }

    /// <summary>The tensors by name; disposed with the trace.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    /// <summary>Runs a model on one sample.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sample">What it reads.</param>
    /// <param name="cancellation">Ends the pass between two layers.</param>
    public static Trace Of(VisionLanguageModel model, EncodedSample sample, CancellationToken cancellation = default)
    {
        var trace = new Trace();
        try
        {
            trace.Run(model, sample, cancellation);
            return trace;
        }
        catch
        {
            trace.Dispose();
            throw;
        }
    }

    /// <summary>The header entries by which a file of this kind is known.</summary>
    public static IReadOnlyDictionary<string, string> Metadata { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["made_by"] = "interlace trace" };

    /// <summary>Name of the first tensor of the pass with values that are no numbers; null where there is none.</summary>
    public string? FirstNotANumber =>
        _tensors.FirstOrDefault(tensor => tensor.Value.is_floating_point() && !FiniteValues.In(tensor.Value)).Key;

    /// <summary>Writes all tensors into one safetensors file.</summary>
    public void Save(string path, CancellationToken cancellation = default) =>
        SafeTensorsWriter.Write(path, _tensors.Select(tensor => TensorSource.FromTensor(tensor.Key, tensor.Value)),
            new Dictionary<string, string>(SafeTensorsWriter.PyTorchMetadata.Concat(Metadata)), cancel: cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values) tensor.Dispose();
    }

    private void Run(VisionLanguageModel model, EncodedSample sample, CancellationToken cancellation)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack([sample], model.Device);
        Keep("input_ids", batch.Ids);
        Keep("position_ids", batch.Positions);
        var (x, pass) = model.Embed(batch, observe: Keep);
        using (pass)
        {
            Keep("rope.cos", Whole(pass.Rotary.Cos));
            Keep("rope.sin", Whole(pass.Rotary.Sin));
            if (pass.SlidingRotary is { } sliding)
            {
                Keep("rope.sliding.cos", Whole(sliding.Cos));
                Keep("rope.sliding.sin", Whole(sliding.Sin));
            }
            pass.ObserveExperts = (l, experts, weights) =>
            {
                Keep($"layers.{l}.router.experts", experts);
                Keep($"layers.{l}.router.weights", weights);
            };
            Tensor hidden = model.Hidden(x, pass, (l, layer, input) =>
            {
                cancellation.ThrowIfCancellationRequested();
                Keep($"layers.{l}.input", input);
                Tensor output = layer(input);
                Keep($"layers.{l}.output", output);
                return output;
            });
            Keep("final_norm", model.FinalNorm(hidden));
            Keep("logits", model.Logits(hidden));
        }
    }

    private void Keep(string name, Tensor value) => _tensors.Add(name, value.detach().to(CPU, copy: true).DetachFromDisposeScope());

    // Both halves of a head turn by the same angles, which are held once.
    private static Tensor Whole(Tensor angles) => cat([angles, angles], -1).squeeze(1);
}
