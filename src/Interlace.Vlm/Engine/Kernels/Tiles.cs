using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>Products of small matrices in fp32 that lie in a thread's nearest caches, four rows by 32 columns at a time.</summary>
internal static unsafe class Tiles
{
    /// <summary>Columns of a product are a multiple of this.</summary>
    public const int Columns = 2 * Lanes.Count;

    private const int Rows = 4;

    /// <summary>
    /// C = A B, or C + A B. Each number of C is summed over the steps in their order, so it depends on its row and column alone.
    /// </summary>
    /// <param name="a">A: element (row, step) lies at row * aRow + step * aStep.</param>
    /// <param name="aRow">Numbers from a row of A to the next.</param>
    /// <param name="aStep">Numbers from a column of A to the next.</param>
    /// <param name="b">B [steps, columns].</param>
    /// <param name="bRow">Numbers from a row of B to the next.</param>
    /// <param name="c">C [rows, columns].</param>
    /// <param name="cRow">Numbers from a row of C to the next.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="steps">Columns of A, rows of B.</param>
    /// <param name="columns">Columns of B and C, a multiple of <see cref="Columns"/>.</param>
    /// <param name="add">Adds to what is there.</param>
    public static void Product(float* a, int aRow, int aStep, float* b, int bRow, float* c, int cRow, int rows, int steps, int columns,
        bool add = false)
    {
        for (int column = 0; column < columns; column += Columns)
        {
            int row = 0;
            for (; row + Rows <= rows; row += Rows)
                Four(a + row * aRow, aRow, aStep, b + column, bRow, c + row * cRow + column, cRow, steps, add);
            for (; row < rows; row++) One(a + row * aRow, aStep, b + column, bRow, c + row * cRow + column, steps, add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(float* a, int aRow, int aStep, float* b, int bRow, float* c, int cRow, int steps, bool add)
    {
        float* a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow, c1 = c + cRow, c2 = c1 + cRow, c3 = c2 + cRow;
        Vector512<float> s00 = default, s01 = default, s10 = default, s11 = default;
        Vector512<float> s20 = default, s21 = default, s30 = default, s31 = default;
        if (add)
        {
            (s00, s01, s10, s11) = (Low(c), High(c), Low(c1), High(c1));
            (s20, s21, s30, s31) = (Low(c2), High(c2), Low(c3), High(c3));
        }
        for (int step = 0; step < steps; step++)
        {
            Vector512<float> low = Low(b), high = High(b);
            var x = Vector512.Create(*a);
            (s00, s01) = (Vector512.FusedMultiplyAdd(x, low, s00), Vector512.FusedMultiplyAdd(x, high, s01));
            x = Vector512.Create(*a1);
            (s10, s11) = (Vector512.FusedMultiplyAdd(x, low, s10), Vector512.FusedMultiplyAdd(x, high, s11));
            x = Vector512.Create(*a2);
            (s20, s21) = (Vector512.FusedMultiplyAdd(x, low, s20), Vector512.FusedMultiplyAdd(x, high, s21));
            x = Vector512.Create(*a3);
            (s30, s31) = (Vector512.FusedMultiplyAdd(x, low, s30), Vector512.FusedMultiplyAdd(x, high, s31));
            b += bRow;
            a += aStep;
            a1 += aStep;
            a2 += aStep;
            a3 += aStep;
        }
        Store(s00, s01, c);
        Store(s10, s11, c1);
        Store(s20, s21, c2);
        Store(s30, s31, c3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(float* a, int aStep, float* b, int bRow, float* c, int steps, bool add)
    {
        Vector512<float> low = add ? Low(c) : default, high = add ? High(c) : default;
        for (int step = 0; step < steps; step++)
        {
            var x = Vector512.Create(*a);
            (low, high) = (Vector512.FusedMultiplyAdd(x, Low(b), low), Vector512.FusedMultiplyAdd(x, High(b), high));
            a += aStep;
            b += bRow;
        }
        Store(low, high, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Low(float* x) => Vector512.Load(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> High(float* x) => Vector512.Load(x + Lanes.Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> low, Vector512<float> high, float* x)
    {
        low.Store(x);
        high.Store(x + Lanes.Count);
    }
}
