using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Linear layers. The engine hands products of fp32 to MKL, which leaves half of an AMD processor's vector unit idle where that has
/// AVX-512: there oneDNN is taken, which the engine has too. Its order of sums depends on the number of its threads, so the product is
/// cut into blocks by its shape alone, and each block is computed by one thread. Products with large weights are cut elsewhere too: MKL is
/// quicker in blocks that stay in a cache, and weights that are held narrower (<see cref="NarrowWeights"/>) are widened block by block.
/// </summary>
public static class Products
{
    /// <summary>Smaller weights stay with the engine where oneDNN is preferred: the calls would take longer than what is won.</summary>
    private const long SmallestForOneDnn = 1 << 16;

    /// <summary>The gradients of a head of more outputs would need a copy of a large part of its weight.</summary>
    private const long MostOutputs = 1 << 15;

    private static readonly Blocks OneDnn = new(Rows: 512, Columns: 512, Aten.OneDnnLinear, CopiesTurned: true);
    private static readonly Blocks Engine = new(Rows: 512, Columns: 256, nn.functional.linear, CopiesTurned: false);

    /// <summary>Those with large weights are computed in blocks on this machine.</summary>
    public static bool CutsLarge { get; } = Workers.AreOurs;

    /// <summary>fp32 products go to oneDNN on this machine.</summary>
    public static bool PrefersOneDnn { get; internal set; } =
        Cpu.IsAmd && Cpu.Features.Contains("avx512") && OperatingSystem.IsLinux() && Workers.AreOurs;

    /// <summary>
    /// x W^T + b. x [.., input], weight [output, input], bias [output] or null -> [.., output] in the type of x. A weight of another type
    /// is taken as if it had that of x.
    /// </summary>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null)
    {
        bool narrow = NarrowWeights.Are(x, weight), hasGradient = HasGradient(x, weight, bias);
        if (narrow && !hasGradient && NarrowWeights.Serves(x, weight)) return NarrowWeights.Product(x, weight, bias);
        Tensor own = narrow || weight.dtype == x.dtype ? weight : weight.to(x.dtype);
        return narrow || IsForBlocks(x, own, hasGradient) ? InBlocks(x, own, bias) : nn.functional.linear(x, own, bias);
    }

    /// <summary>By oneDNN, on any machine whose threads are ours; fp32 or bf16.</summary>
    internal static Tensor ByOneDnn(Tensor x, Tensor weight, Tensor? bias = null) => By(OneDnn, x, weight, bias);

    /// <summary>In blocks by what is quicker here, on any machine whose threads are ours; fp32, the weight fp32 or bf16.</summary>
    internal static Tensor InBlocks(Tensor x, Tensor weight, Tensor? bias = null) =>
        By(PrefersOneDnn ? OneDnn : Engine, x, weight, bias);

    private static bool IsForBlocks(Tensor x, Tensor weight, bool hasGradient)
    {
        if (x.dtype != ScalarType.Float32 || x.device_type != DeviceType.CPU || weight.device_type != DeviceType.CPU) return false;
        long size = weight.NumberOfElements;
        return PrefersOneDnn ? size >= SmallestForOneDnn && (weight.shape[0] <= MostOutputs || !hasGradient)
            : size >= NarrowWeights.SmallestWeight && CutsLarge;
    }

    private static Tensor By(Blocks blocks, Tensor x, Tensor weight, Tensor? bias) => !HasGradient(x, weight, bias)
        ? blocks.Product(x, weight, bias)
        : LinearFunction.apply(x, weight, bias!, (x.requires_grad, weight.requires_grad, bias?.requires_grad == true), blocks);

    private static bool HasGradient(Tensor x, Tensor weight, Tensor? bias) =>
        is_grad_enabled() && (x.requires_grad || weight.requires_grad || bias?.requires_grad == true);

    /// <summary>A way to cut a product into blocks that one thread each computes.</summary>
    /// <param name="Rows">Rows of a block.</param>
    /// <param name="Columns">Its columns: outputs of the layer.</param>
    /// <param name="Linear">Computes one.</param>
    /// <param name="CopiesTurned">
    /// Rows of a turned matrix are copied first, and lie turned as the matrix does: oneDNN has no quick way for others.
    /// </param>
    private sealed record Blocks(int Rows, int Columns, Func<Tensor, Tensor, Tensor?, Tensor> Linear, bool CopiesTurned)
    {
        /// <summary>Without a gradient. Strides may be any.</summary>
        public Tensor Product(Tensor x, Tensor weight, Tensor? bias)
        {
            long inner = weight.shape[1], columns = weight.shape[0];
            using Tensor flat = x.reshape(-1, inner), rows = flat.contiguous();
            long count = rows.shape[0];
            Tensor y = empty([.. x.shape[..^1], columns], x.dtype);
            if (count == 0) return y;
            using Tensor all = y.view(count, columns);
            int down = Of(count, Rows), across = Of(columns, Columns);
            // One column of blocks after the other: the threads then read the same weights.
            Workers.Run(down * across, block =>
            {
                (long top, long left) = (block % down * Rows, block / down * Columns);
                (long height, long width) = (Math.Min(Rows, count - top), Math.Min(Columns, columns - left));
                Tensor product = Linear(rows.narrow(0, top, height), Outputs(weight, left, width, x.dtype), bias?.narrow(0, left, width));
                all.narrow(0, top, height).narrow(1, left, width).copy_(product);
            });
            return y;
        }

        /// <summary>Some rows of a weight, in the type of the computation.</summary>
        private Tensor Outputs(Tensor weight, long first, long count, ScalarType type)
        {
            if (weight.dtype != type) return weight.narrow(0, first, count).to(type);   // lies turned where the weight does
            if (!CopiesTurned || count == weight.shape[0] || weight.is_contiguous()) return weight.narrow(0, first, count);
            return weight.t().narrow(1, first, count).contiguous().t();
        }

        private static int Of(long count, long size) => (int)((count + size - 1) / size);
    }

    /// <summary>The gradients: of x, g W; of W, g^T x; of b, the sums of the columns of g.</summary>
    private sealed class LinearFunction : autograd.SingleTensorFunction<LinearFunction>
    {
        public override string Name => nameof(LinearFunction);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            Tensor x = (Tensor)vars[0], weight = (Tensor)vars[1];
            ctx.save_data("needs", vars[3]);
            ctx.save_data("blocks", vars[4]);
            // Inputs are kept for the gradient of the weight alone.
            ctx.save_for_backward(weight.requires_grad ? [weight, x] : [weight]);
            return ((Blocks)vars[4]).Product(x, weight, (Tensor?)vars[2]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var part = Profile.Of("linear");
            var (ofX, ofWeight, ofBias) = ((bool, bool, bool))ctx.get_data("needs");
            var blocks = (Blocks)ctx.get_data("blocks");
            List<Tensor> saved = ctx.get_saved_variables();
            using Tensor rows = grad_output.reshape(-1, grad_output.shape[^1]), turned = saved[0].t();
            return
            [
                ofX ? blocks.Product(grad_output, turned, null) : null!,
                ofWeight ? OfWeight(blocks, rows, saved[1]) : null!,
                ofBias ? rows.sum([0L]) : null!,
                null!,
                null!,
            ];
        }

        private static Tensor OfWeight(Blocks blocks, Tensor gradient, Tensor x)
        {
            using Tensor inputs = x.reshape(-1, x.shape[^1]), columns = gradient.t(), turned = inputs.t();
            return blocks.Product(columns, turned, null);
        }
    }
}
