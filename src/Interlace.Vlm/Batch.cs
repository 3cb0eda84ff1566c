using Interlace.Vlm.Images;
using static TorchSharp.torch;

namespace Interlace.Vlm;

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
        long[] positions = new long[3 * ids.Length];
        int at = 0;
        foreach (var sample in samples)
        {
            for (int axis = 0; axis < 3; axis++)
                for (int t = 0; t < sample.Length; t++) positions[axis * ids.Length + at + t] = sample.Positions[axis * sample.Length + t];
            at += sample.Length;
        }
        // A trained token is predicted from the token before it; the first token of a sample has none.
        var (rows, targets) = (new List<long>(), new List<long>());
        int start = 0;
        foreach (int length in Lengths)
        {
            for (int t = 1; t < length; t++)
                if (IsTarget(Kinds[start + t], allText)) { rows.Add(start + t - 1); targets.Add(ids[start + t]); }
            start += length;
        }
        Ids = tensor(Array.ConvertAll(ids, id => (long)id), device: device);
        Positions = tensor(positions, device: device).view(3, ids.Length);
        VisualRows = tensor(Kinds.Index().Where(kind => kind.Item == TokenKind.Image).Select(kind => (long)kind.Index).ToArray(), device: device);
        AnswerRows = tensor(rows.ToArray(), device: device);
        AnswerIds = tensor(targets.ToArray(), device: device);
        foreach (Tensor t in new[] { Ids, Positions, VisualRows, AnswerRows, AnswerIds }) t.DetachFromDisposeScope();
    }

    /// <summary>Where the tensors live.</summary>
    public Device Device { get; }

    /// <summary>Tokens of each sample.</summary>
    public int[] Lengths { get; }

    /// <summary>[N] what each token is.</summary>
    public TokenKind[] Kinds { get; }

    /// <summary>The images of all samples, in order, resized to the model's grid.</summary>
    public IReadOnlyList<RgbImage> Images { get; }

    /// <summary>[N] token ids, int64.</summary>
    public Tensor Ids { get; }

    /// <summary>[3, N] positions along time, height and width, int64.</summary>
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
    public static int CountTargets(EncodedSample sample, bool allText = false) => sample.Kinds.Skip(1).Count(kind => IsTarget(kind, allText));

    private static bool IsTarget(TokenKind kind, bool allText) => kind == TokenKind.Answer || allText && kind == TokenKind.Prompt;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor t in new[] { Ids, Positions, VisualRows, AnswerRows, AnswerIds }) t.Dispose();
    }
}
