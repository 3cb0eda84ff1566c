using System.Runtime.InteropServices;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public sealed class NumberScanTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    public static TheoryData<ElementType, string> Wrong => new()
    {
        { ElementType.F64, "000000000000F07F" }, { ElementType.F64, "010000000000F0FF" },
        { ElementType.F32, "0000807F" }, { ElementType.F32, "000080FF" }, { ElementType.F32, "0100C07F" },
        { ElementType.BF16, "807F" }, { ElementType.BF16, "C0FF" },
        { ElementType.F16, "007C" }, { ElementType.F16, "01FE" },
        { ElementType.F8_E5M2, "7C" }, { ElementType.F8_E5M2, "FF" },
        { ElementType.F8_E4M3, "7F" }, { ElementType.F8_E4M3, "FF" },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void A_value_that_is_no_number_is_found_wherever_it_stands(ElementType type, string bits)
    {
        byte[] wrong = Convert.FromHexString(bits);
        foreach (int count in new[] { 1, 31, 1000 })
            foreach (int at in new[] { 0, count / 2, count - 1 })
            {
                byte[] bytes = new byte[count * wrong.Length];
                wrong.CopyTo(bytes, at * wrong.Length);
                Assert.Equal(at, First(type, bytes));
            }
    }

    [Theory]
    [InlineData(ElementType.F32, "FFFF7F7F")]   // the largest number of each type
    [InlineData(ElementType.BF16, "7F7F")]
    [InlineData(ElementType.F16, "FF7B")]
    [InlineData(ElementType.F8_E5M2, "7B")]
    [InlineData(ElementType.F8_E4M3, "7E")]
    [InlineData(ElementType.I32, "FFFFFF7F")]
    [InlineData(ElementType.U8, "FF")]
    public void Large_numbers_and_whole_ones_are_numbers(ElementType type, string bits) =>
        Assert.Null(First(type, [.. Enumerable.Repeat(Convert.FromHexString(bits), 100).SelectMany(b => b)]));

    [Fact]
    public void Numbers_of_every_size_are_numbers() =>
        Assert.Null(First(ElementType.F32, MemoryMarshal.AsBytes<float>([.. Enumerable.Range(-140, 260).Select(e => MathF.Pow(2, e))])
            .ToArray()));

    private long? First(ElementType type, byte[] bytes)
    {
        string path = _scratch.At("x.safetensors");
        SafeTensorsWriter.Write(path, [TensorSource.FromBytes("x", type, [bytes.Length / type.Size()], bytes)]);
        using var file = SafeTensorsFile.Open(path);
        return NumberScan.First(file, file.Tensors[0]);
    }
}
