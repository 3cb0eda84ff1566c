using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Linear layers. The engine hands products of fp32 to MKL, which leaves half of an AMD processor's vector unit idle: there oneDNN is
/// taken, which the engine has too. Its order of sums depends on the number of its threads, so the product is cut into blocks by its
/// shape alone, and each block is computed by one thread.
/// </summary>
public static class Products
{
    private const int BlockRows = 512, BlockColumns = 512;

    /// <summary>Weights below this size stay with the engine: there the calls take longer than what is won.</summary>
    private const long SmallestWeight = 1 << 16;

    /// <summary>The gradients of a head of more outputs would need a copy of a large part of its weight.</summary>
    private const long MostOutputs = 1 << 15;

    /// <summary>fp32 products go to oneDNN on this machine.</summary>
    public static bool PrefersOneDnn { get; internal set; } =
        Cpu.IsAmd && Cpu.Features.Contains("avx512") && OperatingSystem.IsLinux() && Workers.AreOurs;

    /// <summary>x W^T + b. x [.., input], weight [output, input], bias [output] or null -> [.., output].</summary>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null) =>
        IsForOneDnn(x, weight) ? ByOneDnn(x, weight, bias) : nn.functional.linear(x, weight, bias);

    /// <summary>The same by oneDNN, on any machine whose threads are ours; fp32 or bf16.</summary>
    internal static Tensor ByOneDnn(Tensor x, Tensor weight, Tensor? bias = null)
    {
        if (!HasGradient(x, weight, bias)) return InBlocks(x, weight, bias);
        return LinearFunction.apply(x, weight, bias!, (x.requires_grad, weight.requires_grad, bias?.requires_grad == true));
    }

    private static bool HasGradient(Tensor x, Tensor weight, Tensor? bias = null) =>
        is_grad_enabled() && (x.requires_grad || weight.requires_grad || bias?.requires_grad == true);

    /// <summary>Without a gradient. Strides may be any.</summary>
    private static Tensor InBlocks(Tensor x, Tensor weight, Tensor? bias = null)
    {
        long inner = weight.shape[1], columns = weight.shape[0];
        using Tensor flat = x.reshape(-1, inner), rows = flat.contiguous();
        long count = rows.shape[0];
        Tensor y = empty([.. x.shape[..^1], columns], x.dtype);
        if (count == 0) return y;
        using Tensor all = y.view(count, columns);
        int down = Blocks(count, BlockRows), across = Blocks(columns, BlockColumns);
        // One column of blocks after the other: the threads then read the same weights.
        Workers.Run(down * across, block =>
        {
            (long top, long left) = (block % down * BlockRows, block / down * BlockColumns);
            (long height, long width) = (Math.Min(BlockRows, count - top), Math.Min(BlockColumns, columns - left));
            Tensor product = Aten.OneDnnLinear(rows.narrow(0, top, height), Outputs(weight, left, width), bias?.narrow(0, left, width));
            all.narrow(0, top, height).narrow(1, left, width).copy_(product);
        });
        return y;
    }

    private static bool IsForOneDnn(Tensor x, Tensor weight) =>
        PrefersOneDnn && x.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32
        && x.device_type == DeviceType.CPU && weight.device_type == DeviceType.CPU && weight.NumberOfElements >= SmallestWeight
        && (weight.shape[0] <= MostOutputs || !HasGradient(x, weight));

    /// <summary>
    /// Some rows of a weight. Those of a turned matrix are copied, and lie turned as the matrix does: oneDNN has no quick way for others.
    /// </summary>
    private static Tensor Outputs(Tensor weight, long first, long count)
    {
        if (count == weight.shape[0] || weight.is_contiguous()) return weight.narrow(0, first, count);
        return weight.t().narrow(1, first, count).contiguous().t();
    }

    private static int Blocks(long count, long size) => (int)((count + size - 1) / size);

    /// <summary>The gradients: of x, g W; of W, g^T x; of b, the sums of the columns of g.</summary>
    private sealed class LinearFunction : autograd.SingleTensorFunction<LinearFunction>
    {
        public override string Name => nameof(LinearFunction);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            Tensor x = (Tensor)vars[0], weight = (Tensor)vars[1];
            ctx.save_data("needs", vars[3]);
            ctx.save_for_backward([x, weight]);
            return InBlocks(x, weight, (Tensor?)vars[2]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var part = Profile.Of("linear");
            var (ofX, ofWeight, ofBias) = ((bool, bool, bool))ctx.get_data("needs");
            List<Tensor> saved = ctx.get_saved_variables();
            Tensor x = saved[0], weight = saved[1];
            using Tensor rows = grad_output.reshape(-1, grad_output.shape[^1]), inputs = x.reshape(-1, x.shape[^1]);
            using Tensor turned = weight.t(), columns = rows.t(), turnedInputs = inputs.t();
            return
            [
                ofX ? InBlocks(grad_output, turned) : null!,
                ofWeight ? InBlocks(columns, turnedInputs) : null!,
                ofBias ? rows.sum([0L]) : null!,
                null!,
            ];
        }
    }
}
