using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

public class SoftmaxRowsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(200)]
    public void Rows_are_the_engines_and_what_is_not_seen_is_nothing(int keys)
    {
        using var scope = NewDisposeScope();
        const int rows = 7;
        const float scale = 0.7f;
        Tensor scores = randn([rows, keys], generator: new Generator((ulong)keys, CPU)).Times(20.0);
        int Seen(int row) => Math.Max(1, keys - 3 * row);
        Tensor expected = zeros(rows, keys);
        for (int i = 0; i < rows; i++)
            expected[i].narrow(0, 0, Seen(i)).copy_(scores[i].narrow(0, 0, Seen(i)).Times((double)scale).softmax(-1));

        Tensor halves = empty([rows, keys], ScalarType.BFloat16), wide = scores.clone();
        SoftmaxRows.Apply(wide.clone(), halves, Seen, scale);
        SoftmaxRows.Apply(wide, wide, Seen, scale);

        Assert.InRange((wide - expected).abs().max().item<float>(), 0, 1e-6);
        Assert.True(halves.Equals(wide.to(ScalarType.BFloat16)));
        for (int i = 0; i < rows; i++) Assert.Equal(0, wide[i].narrow(0, Seen(i), keys - Seen(i)).abs().sum().item<float>());
    }

    [Fact]
    public void Scores_far_apart_and_numbers_that_are_none_are_seen_for_what_they_are()
    {
        using var scope = NewDisposeScope();
        float[] far = [1e4f, -1e4f, float.NegativeInfinity, 1e4f], none = [1, float.NaN, 2, 3];
        Tensor scores = tensor([.. far, .. none]).view(2, 4);
        SoftmaxRows.Apply(scores, scores, static _ => 4, 1);
        float[] results = scores.data<float>().ToArray();
        Assert.Equal(0.5f, results[0]);
        Assert.InRange(results[1], 0, 1e-37f);
        Assert.InRange(results[2], 0, 1e-37f);
        Assert.All(results[4..], result => Assert.True(float.IsNaN(result)));
        Tensor halves = empty([1, 4], ScalarType.BFloat16);
        SoftmaxRows.Apply(tensor(none).view(1, 4), halves, static _ => 4, 1);
        Assert.True(halves.isnan().all().item<bool>());
    }
}
