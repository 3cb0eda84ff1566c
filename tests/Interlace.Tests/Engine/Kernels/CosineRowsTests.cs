using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

public class CosineRowsTests
{
    [Theory, InlineData(1, 16), InlineData(37, 2560), InlineData(3, 48), InlineData(2, 8192), InlineData(5, 101), InlineData(300, 1024)]
    public void Sums_of_products_are_the_engines(long rows, long width)
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor a = KernelCases.Numbers(type, rows, width), b = KernelCases.Numbers(type, rows + 1, width).narrow(0, 1, rows);
            Tensor Engines(Tensor x, Tensor y) => x.to(ScalarType.Float32).mul(y.to(ScalarType.Float32)).sum(-1, false, ScalarType.Float64);
            KernelCases.AssertSame(Engines(a, b), CosineRows.Products(a, b));
            KernelCases.AssertSame(Engines(a, a), CosineRows.Products(a, a));
        }
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bytes()
    {
        using var scope = NewDisposeScope();
        Tensor a = KernelCases.Numbers(ScalarType.BFloat16, 300, 1024);
        Tensor b = KernelCases.Numbers(ScalarType.BFloat16, 1024, 300).view(300, 1024);
        KernelCases.AssertThreadsDoNotMatter(() => [CosineRows.Products(a, b)]);
    }
}
