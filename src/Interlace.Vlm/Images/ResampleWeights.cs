namespace Interlace.Vlm.Images;

/// <summary>
/// Fixed-point weights of an antialiased filter along one axis: output i is the sum over its taps of weight x input, beginning at
/// input <c>Starts[i]</c>.
/// </summary>
internal sealed class ResampleWeights
{
    private readonly int[] _offsets;
    private readonly int[] _weights;

    private ResampleWeights(int[] starts, int[] offsets, double[] weights, int precision)
    {
        Starts = starts;
        _offsets = offsets;
        Precision = precision;
        double one = 1L << precision;
        _weights = [.. weights.Select(w => (int)(w < 0 ? w * one - 0.5 : w * one + 0.5))];
    }

    /// <summary>Number of outputs.</summary>
    public int Length => Starts.Length;

    /// <summary>First input of each output.</summary>
    public int[] Starts { get; }

    /// <summary>Binary places of the weights.</summary>
    public int Precision { get; }

    /// <summary>Half a unit of the result: a sum that begins with it is rounded by the shift.</summary>
    public int Half => 1 << (Precision - 1);

    /// <summary>The weights of one output.</summary>
    public ReadOnlySpan<int> Of(int output) => _weights.AsSpan(_offsets[output].._offsets[output + 1]);

    /// <summary>As torch's bicubic kernel for unsigned bytes: as many places as let the largest weight fit 16 bits.</summary>
    public static ResampleWeights Torch(int input, int output)
    {
        (int[] starts, int[] offsets, double[] weights) = Exact(input, output, ResampleFilter.Bicubic);
        double largest = weights.Max();
        int precision = 0;
        while (precision < 22 && (int)(0.5 + largest * (1 << (precision + 1))) < 1 << 15) precision++;
        return new(starts, offsets, weights, precision);
    }

    /// <summary>As Pillow: 22 places (32 bits, less 8 of the pixel and 2 for overshoot).</summary>
    public static ResampleWeights Pillow(int input, int output, ResampleFilter filter)
    {
        (int[] starts, int[] offsets, double[] weights) = Exact(input, output, filter);
        return new(starts, offsets, weights, 22);
    }

    private static (int[] Starts, int[] Offsets, double[] Weights) Exact(int input, int output, ResampleFilter filter)
    {
        double scale = (double)input / output, stretch = Math.Max(scale, 1), support = filter.Support * stretch, inverse = 1 / stretch;
        int[] starts = new int[output], offsets = new int[output + 1];
        var weights = new List<double>(output * ((int)Math.Ceiling(support) * 2 + 1));
        for (int i = 0; i < output; i++)
        {
            double center = scale * (i + 0.5), total = 0;
            int start = Math.Max((int)(center - support + 0.5), 0), count = Math.Min((int)(center + support + 0.5), input) - start;
            starts[i] = start;
            for (int j = 0; j < count; j++)
            {
                double weight = filter.At((j + start - center + 0.5) * inverse);
                weights.Add(weight);
                total += weight;
            }
            offsets[i + 1] = weights.Count;
            for (int j = offsets[i]; j < weights.Count; j++) weights[j] /= total;
        }
        return (starts, offsets, [.. weights]);
    }
}
