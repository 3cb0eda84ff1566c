using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Inputs;

/// <summary>
/// Samples packed end to end, never padded: N tokens in all, on one device. Disposing it frees them.
/// </summary>
public sealed class Batch : IDisposable
{
    private Batch(IReadOnlyList<EncodedSample> samples, Device device, bool allText)
    {
        using var scope = NewDisposeScope();
        Device = device;
        Lengths = [.. samples.Select(sample => sample.Length)];
        Kinds = [.. samples.SelectMany(sample => sample.Kinds)];
        Images = [.. samples.SelectMany(sample => sample.Images)];
        int[] ids = [.. samples.SelectMany(sample => sample.Ids)];
        int axes = samples.Select(sample => sample.Positions.Count).FirstOrDefault(1);
        long[] positions = [.. Enumerable.Range(0, axes).SelectMany(axis => samples.SelectMany(sample => sample.Positions[axis]))
            .Select(p => (long)p)];
        // A trained token is predicted from the token before it; the first token of a sample has none.
        var (rows, targets) = (new List<long>(), new List<long>());
        int start = 0;
        foreach (var sample in samples)
        {
            for (int t = 1; t < sample.Length; t++)
            {
                if (!IsTarget(sample, t, allText)) continue;
                rows.Add(start + t - 1);
                targets.Add(sample.Ids[t]);
            }
            start += sample.Length;
        }
        long[] visual = [.. Kinds.Index().Where(kind => kind.Item == TokenKind.Image).Select(kind => (long)kind.Index)];
        Tensor[] sent = Upload.Together(device, Array.ConvertAll(ids, id => (long)id), positions, visual, [.. rows], [.. targets]);
        (Ids, Positions, VisualRows, AnswerRows, AnswerIds) = (sent[0], sent[1].view(axes, ids.Length), sent[2], sent[3], sent[4]);
        foreach (Tensor t in new[] { Ids, Positions, VisualRows, AnswerRows, AnswerIds }) t.DetachFromDisposeScope();
    }

    /// <summary>Where the tensors live.</summary>
    public Device Device { get; }

    /// <summary>Tokens of each sample.</summary>
    public int[] Lengths { get; }

    /// <summary>[N] what each token is.</summary>
    public TokenKind[] Kinds { get; }

    /// <summary>The images of all samples, in order.</summary>
    public IReadOnlyList<VisualInput> Images { get; }

    /// <summary>[N] token ids, int64.</summary>
    public Tensor Ids { get; }

    /// <summary>[axes, N] positions, int64: one axis, or time, height and width.</summary>
    public Tensor Positions { get; }

    /// <summary>Rows of the visual tokens, int64, in the order of the images.</summary>
    public Tensor VisualRows { get; }

    /// <summary>[A] rows whose next token belongs to an answer: the loss is taken there.</summary>
    public Tensor AnswerRows { get; }

    /// <summary>[A] that next token.</summary>
    public Tensor AnswerIds { get; }

    /// <summary>Number of tokens N.</summary>
    public int TokenCount => Kinds.Length;

    /// <summary>Packs samples in their order.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <param name="allText">Take the loss on every text token, not on answers alone.</param>
    public static Batch Pack(IReadOnlyList<EncodedSample> samples, Device device, bool allText = false) => new(samples, device, allText);

    /// <summary>Number of tokens of a sample that the loss is taken on.</summary>
    public static int CountTargets(EncodedSample sample, bool allText = false) =>
        Enumerable.Range(1, Math.Max(0, sample.Length - 1)).Count(t => IsTarget(sample, t, allText));

    private static bool IsTarget(EncodedSample sample, int t, bool allText) =>
        sample.Trained is { } trained ? trained[t]
        : sample.Kinds[t] == TokenKind.Answer || allText && sample.Kinds[t] == TokenKind.Prompt;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor t in new[] { Ids, Positions, VisualRows, AnswerRows, AnswerIds }) t.Dispose();
    }
}
