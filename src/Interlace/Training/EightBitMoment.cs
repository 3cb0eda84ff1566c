using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>One moment of a tensor in 8 bits: a byte for each element, and for each block of 256 the largest magnitude in it.</summary>
internal sealed class EightBitMoment : IDisposable
{
    /// <summary>Elements that share a largest magnitude.</summary>
    public const int Block = 256;

    private const double Smallest = 1e-37;   // a block of zeros is divided by it

    private readonly EightBitCodes _codes;

    /// <summary>Zeros for a tensor of so many elements.</summary>
    /// <param name="elements">The elements.</param>
    /// <param name="codes">What the bytes stand for, on the device that computes.</param>
    /// <param name="offload">The bytes lie in the memory of the machine.</param>
    public EightBitMoment(long elements, EightBitCodes codes, bool offload = false)
    {
        _codes = codes;
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        long blocks = BlocksOf(elements);
        Tensor Zeros(ScalarType type, params long[] shape) =>
            (offload ? Upload.HostZeros(shape, type, codes.Device) : zeros(shape, type, codes.Device)).DetachFromDisposeScope();
        (Bytes, Scales) = (Zeros(ScalarType.Byte, blocks, Block), Zeros(ScalarType.Float32, blocks, 1));
    }

    /// <summary>[blocks, 256] uint8; what lies behind the last element stands for nothing.</summary>
    public Tensor Bytes { get; }

    /// <summary>[blocks, 1] fp32.</summary>
    public Tensor Scales { get; }

    /// <summary>Some elements, from the beginning of a block on. -> [count] fp32</summary>
    public Tensor Read(long at, long count)
    {
        var (first, blocks) = BlocksOf(at, count);
        Tensor Here(Tensor all) => all.narrow(0, first, blocks).to(_codes.Device, non_blocking: true);
        return _codes.Decode(Here(Bytes)).mul(Here(Scales)).view(-1).narrow(0, 0, count);
    }

    /// <summary>Replaces elements from the beginning of a block on by [count] fp32, rounded by chance.</summary>
    public void Write(long at, Tensor values, Generator chance)
    {
        var (first, blocks) = BlocksOf(at, values.shape[0]);
        Tensor whole = values;
        if (values.shape[0] < blocks * Block)
        {
            whole = zeros([blocks * Block], ScalarType.Float32, values.device);
            whole.narrow(0, 0, values.shape[0]).copy_(values);
        }
        whole = whole.view(blocks, Block);
        Tensor scales = whole.abs().amax([1L], true).AtLeast(Smallest);
        Scales.narrow(0, first, blocks).copy_(scales);
        Bytes.narrow(0, first, blocks).copy_(_codes.Encode(whole.div(scales), chance));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Bytes.Dispose();
        Scales.Dispose();
    }

    /// <summary>Blocks of so many elements.</summary>
    public static long BlocksOf(long elements) => (elements + Block - 1) / Block;

    private static (long First, long Blocks) BlocksOf(long at, long count) => (at / Block, BlocksOf(count));
}
