using Interlace.Pruning.Bridging;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning.Bridging;

public sealed class BridgeSumsTests : IDisposable
{
    private readonly IDisposable _scope = NewDisposeScope();
    private readonly Tensor _given, _error;   // M and E

    public BridgeSumsTests()
    {
        var random = new Generator(7);
        // Columns of very different size, as residual streams have them.
        _given = randn([200, 12], ScalarType.Float64, generator: random)
            .mul(tensor((double[])[.. Enumerable.Range(0, 12).Select(i => Math.Pow(10, (i - 6) / 2.0))], ScalarType.Float64));
        _error = randn([200, 12], ScalarType.Float64, generator: random);
    }

    public void Dispose() => _scope.Dispose();

    [Theory, InlineData(0), InlineData(1e-6), InlineData(0.1)]
    public void Sums_in_parts_give_the_solution_of_all_tokens_at_once(double ridge)
    {
        double root = Math.Sqrt(ridge * _given.mul(_given).sum().item<double>() / 12);
        Tensor identity = eye(12, dtype: ScalarType.Float64), held = identity.Times(root);
        // |M T - (M + E)|^2 + r |T - I|^2, written out as rows.
        Tensor expected = linalg.lstsq(cat([_given, held]), cat([_given.Plus(_error), held])).Solution;
        using var sums = Sums(_given, _error, 7, 64);
        // By what it gives: the rows of the smallest columns are known less well than their effect.
        Assert.True(Size(_given.matmul(DirectBridge.Minus(sums.Solve(ridge), expected))) < 1e-9 * Size(_given.matmul(expected)));
        Assert.True(sums.Solve(ridge).allclose(expected, rtol: 1e-4, atol: 1e-4));
    }

    [Fact]
    public void The_ridge_pulls_towards_the_identity_and_not_towards_zero()
    {
        Tensor identity = eye(12, dtype: ScalarType.Float64);
        using var sums = Sums(_given, _error, 200);
        double[] distances = [.. new[] { 0, 1e-6, 1e-3, 1, 1e6 }.Select(ridge => Size(DirectBridge.Minus(sums.Solve(ridge), identity)))];
        Assert.Equal(distances.OrderDescending(), distances);
        Assert.True(distances[0] > 1 && distances[^1] < 1e-6, string.Join(' ', distances));
    }

    [Fact]
    public void A_direction_in_which_nothing_is_given_stays_as_it_is()
    {
        Tensor given = _given.clone();
        given.narrow(1, 3, 2).zero_();   // two columns of zeros
        given = cat([given.narrow(1, 0, 11), given.narrow(1, 0, 1)], 1);   // and one twice
        using var sums = Sums(given, _error, 200);
        Tensor bridge = sums.Solve(0), identity = eye(12, dtype: ScalarType.Float64);
        Assert.True(bridge.narrow(0, 3, 2).allclose(identity.narrow(0, 3, 2)));
        Assert.True(bridge.isfinite().all().item<bool>());
        // It is a solution all the same: what is left has nothing that could be given.
        Tensor left = DirectBridge.Minus(given.Plus(_error), given.matmul(bridge));
        Assert.True(Size(given.t().matmul(left)) < 1e-6 * Size(given.t().matmul(_error)));
    }

    private static double Size(Tensor values) => values.mul(values).sum().sqrt().item<double>();

    private static BridgeSums Sums(Tensor given, Tensor error, params int[] sizes)
    {
        var sums = new BridgeSums((int)given.shape[1], CPU);
        long at = 0;
        foreach (int size in (int[])[.. sizes, (int)given.shape[0] - sizes.Sum()])
        {
            if (size > 0) sums.Add(given.narrow(0, at, size), error.narrow(0, at, size));
            at += size;
        }
        return sums;
    }
}
