using System.Runtime.InteropServices;
using Interlace.Pruning.Sparsity;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning.Sparsity;

public class SparseWeightsTests
{
    private static readonly float[] Weights =
    [
        1, -2, 3, -4, 0.5f, 0.25f, -0.125f, 8,
        4, 3, 2, 1, -1, -1, 1, 1,
    ];

    [Theory]
    [InlineData("2:4", new[] { 0, 0, 3, -4, 0.5f, 0, 0, 8, /**/ 4, 3, 0, 0, 0, 0, 1, 1 })]
    [InlineData("4:8", new[] { 0, -2, 3, -4, 0, 0, 0, 8f, /**/ 4, 3, 2, 0, 0, 0, 0, 1 })]
    [InlineData("0.25", new[] { 1, -2, 3, -4, 0.5f, 0, 0, 8, /**/ 4, 3, 2, 0, 0, -1, 1, 1 })]
    [InlineData("0.3", new[] { 1, -2, 3, -4, 0.5f, 0, 0, 8, /**/ 4, 3, 2, 0, 0, -1, 1, 1 })]
    public void Magnitude_zeroes_the_smallest_and_of_equal_ones_the_lower_columns(string pattern, float[] expected) => Assert.Equal(expected, Pruned(pattern, null));

    [Theory]
    // Importances: 8, 6, 3, 4 | 0.5, 1, 2, 0.08 and 32, 9, 2, 1 | 1, 4, 16, 0.01.
    [InlineData("2:4", new[] { 1, -2, 0, 0, 0, 0.25f, -0.125f, 0, /**/ 4, 3, 0, 0, 0, -1, 1, 0 })]
    [InlineData("4:8", new[] { 1, -2, 3, -4f, 0, 0, 0, 0, /**/ 4, 3, 0, 0, 0, -1, 1, 0 })]
    [InlineData("0.5", new[] { 1, -2, 3, -4f, 0, 0, 0, 0, /**/ 4, 3, 0, 0, 0, -1, 1, 0 })]
    [InlineData("0.125", new[] { 1, -2, 3, -4, 0.5f, 0.25f, -0.125f, 0, /**/ 4, 3, 2, 1, -1, -1, 1, 0 })]
    public void Wanda_weighs_each_weight_by_the_norm_of_its_input(string pattern, float[] expected) => Assert.Equal(expected, Pruned(pattern, [8, 3, 1, 1, 1, 4, 16, 0.01f]));

    [Fact]
    public void Norms_are_roots_of_the_mean_over_samples_of_the_sum_over_tokens()
    {
        using var weight = new Parameter("w", zeros(1, 2));
        using var norms = new InputNorms();
        using var scope = NewDisposeScope();
        norms.Add(weight, tensor(new float[] { 3, 0, 4, 1 }).view(2, 2));   // a sample of two tokens
        norms.Add(weight, tensor(new float[] { 0, 2 }).view(1, 2));         // another of one
        Assert.Equal([MathF.Sqrt(25 / 2f), MathF.Sqrt(5 / 2f)], norms.Of("w", 2).data<float>().ToArray());
    }

    [Fact]
    public void What_stays_keeps_its_bits_and_what_goes_is_a_plain_zero()
    {
        using var scope = NewDisposeScope();
        Tensor dense = tensor(Weights).to(ScalarType.BFloat16).view(2, 8), sparse = SparseWeights.Prune(dense, null, 2, 4);
        Assert.Equal(ScalarType.BFloat16, sparse.dtype);
        short[] before = Bits(dense), after = Bits(sparse);
        Assert.Equal(8, after.Count(bits => bits == 0));   // no negative zero either
        Assert.All(before.Zip(after), pair => Assert.True(pair.Second == 0 || pair.First == pair.Second));

        static short[] Bits(Tensor values) => MemoryMarshal.Cast<byte, short>(values.bytes).ToArray();
    }

    [Fact]
    public void Weights_that_were_zero_before_are_among_the_least_and_are_counted()
    {
        using var scope = NewDisposeScope();
        Tensor sparse = SparseWeights.Prune(tensor(new float[] { 0, 5, 0, 1, 0, 0, 0, 7 }).view(1, 8), null, 2, 4);
        Assert.Equal([0, 5, 0, 1, 0, 0, 0, 7], sparse.data<float>().ToArray());
        Assert.Equal(5, SparseWeights.Zeros(sparse));   // three in the second group, more than the pattern asks for
    }

    [Fact]
    public void A_matrix_that_is_taken_in_pieces_gives_what_its_rows_give_alone()
    {
        const int rows = 5, columns = 1 << 20;
        using var scope = NewDisposeScope();
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.Length; i++) values[i] = i * 7919L % 1009 - 500;
        Tensor dense = tensor(values).view(rows, columns), sparse = SparseWeights.Prune(dense, null, 4, 8);
        for (int row = 0; row < rows; row++) Assert.True(SparseWeights.Prune(dense.narrow(0, row, 1), null, 4, 8).Equals(sparse.narrow(0, row, 1)));
        Assert.True(SparseWeights.Zeros(sparse) >= rows * columns / 2);
    }

    [Fact]
    public void Nothing_is_left_behind()
    {
        using var scope = NewDisposeScope();
        Tensor dense = tensor(Weights).view(2, 8), norms = ones(8);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (Tensor sparse = SparseWeights.Prune(dense, norms, 2, 4)) Assert.Equal(8, SparseWeights.Zeros(sparse));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static float[] Pruned(string pattern, float[]? norms)
    {
        using var scope = NewDisposeScope();
        var (zeros, group) = SparsityPattern.Parse(pattern).In(8, "w");
        return SparseWeights.Prune(tensor(Weights).view(2, 8), norms is null ? null : tensor(norms), zeros, group).data<float>().ToArray();
    }
}
