using Interlace.Data;
using Interlace.Tests.Images;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Tests;

/// <summary>A model, and samples of different lengths for it, with images where it reads them; some are left out on the way.</summary>
internal sealed class PreparedSamples : IDisposable
{
    private readonly string _folder;
    private readonly EncodedSample[] _encoded;

    public PreparedSamples(string folder, int count)
    {
        _folder = folder;
        Loaded = Open();
        var image = ImageDecoder.Decode(Png.Write(64, 64, 8, 2, [.. Enumerable.Range(0, 64 * 64 * 3).Select(i => (byte)(i * i * 31))]), "image", ImageDecoding.Plain);
        _encoded = [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 && Loaded.Processor.ReadsImages
            ? Loaded.Processor.Encode([new("user", [new ImagePart(), new TextPart($"What is number {i}?")]), new("assistant", $"Number {i} it is.")], [image])
            : Loaded.Processor.Encode([new("user", string.Join(' ', Enumerable.Repeat("Why?", i + 1))), new("assistant", string.Join(' ', Enumerable.Range(0, i % 4 + 1).Select(n => $"For {n}")))], []))];
    }

    public LoadedModel Loaded { get; }

    public int Count => _encoded.Length;

    /// <summary>The model once more, as it is on the disk.</summary>
    /// <param name="cancellation">Calls off what it is at work on.</param>
    public LoadedModel Open(CancellationToken cancellation = default) =>
        LoadedModel.Open(_folder, CPU, ScalarType.Float32, cancellation: cancellation);

    public EncodedSample[] Encoded(params IEnumerable<int> samples) => [.. samples.Select(i => _encoded[i])];

    /// <summary>The samples of an epoch as a loader gives them: what is left out is counted when the sample after it is asked for.</summary>
    /// <param name="order">Places of the samples.</param>
    /// <param name="next">Where to begin in that order.</param>
    /// <param name="skipped">Counts.</param>
    /// <param name="isSkipped">By place in the order.</param>
    public IEnumerable<LoadedSample> Load(int[] order, long next, SkipCounts skipped, Func<long, bool> isSkipped)
    {
        for (long i = next; i < order.Length; i++)
            if (isSkipped(i)) skipped.Add(SkipReason.TooLong);
            else yield return new(i, "set", "shard", order[i], _encoded[order[i]]);
    }

    public void Dispose() => Loaded.Dispose();
}
