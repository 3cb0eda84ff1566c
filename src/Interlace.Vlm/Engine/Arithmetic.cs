using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine;

/// <summary>
/// Sums and operators that take a plain number. TorchSharp wraps such a number (for <c>a + b</c> a hidden 1) in an object of the engine,
/// and passes its bare handle on: the garbage collector may free the wrapper while the engine still reads it, and the number becomes
/// another. Here the wrapper lives until the operator has returned, and none is hidden. No other file may use TorchSharp's own forms.
/// </summary>
public static class Arithmetic
{
    private static readonly Scalar Zero = 0, One = 1;

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    /// <summary>a + number; of integers for an integer.</summary>
    public static Tensor Plus(this Tensor a, long number) => With(number, wrapped => a.add(wrapped, One));

    /// <summary>a + number.</summary>
    public static Tensor Plus(this Tensor a, double number) => With(number, wrapped => a.add(wrapped, One));

    /// <summary>a * number; of integers for an integer.</summary>
    public static Tensor Times(this Tensor a, long number) => With(number, a.mul);

    /// <summary>a * number.</summary>
    public static Tensor Times(this Tensor a, double number) => With(number, a.mul);

    /// <summary>a, but no element below <paramref name="least"/>.</summary>
    public static Tensor AtLeast(this Tensor a, double least) => With(least, a.clamp_min);

    /// <summary>a, but no element above <paramref name="most"/>; of integers.</summary>
    public static Tensor AtMost(this Tensor a, long most) => With(most, a.clamp_max);

    /// <summary>a += b.</summary>
    public static void Add(this Tensor a, Tensor b) => a.add_(b, One);

    /// <summary>a += number.</summary>
    public static void Add(this Tensor a, long number) => With(number, wrapped => a.add_(wrapped, One));

    /// <summary>a *= number.</summary>
    public static void Scale(this Tensor a, double number) => With(number, a.mul_);

    /// <summary>Every element becomes <paramref name="number"/>.</summary>
    public static void Fill(this Tensor a, double number) => With(number, a.fill_);

    /// <summary>
    /// a with the rows of <paramref name="values"/> added to its rows <paramref name="rows"/>. a [N, ..],
    /// rows [R] int64, values [R, ..] -> [N, ..].
    /// </summary>
    public static Tensor PlusRows(this Tensor a, Tensor rows, Tensor values) => a.index_add(0, rows, values, One);

    /// <summary>0, 1, .. count - 1 as int64. -> [count].</summary>
    public static Tensor Range(long count, Device device) => With(count, end => arange(Zero, end, One, ScalarType.Int64, device));

    private static Tensor With(Scalar number, Func<Scalar, Tensor> operation)
    {
        using (number) return operation(number);
    }
}
