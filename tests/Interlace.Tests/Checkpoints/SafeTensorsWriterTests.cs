using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public class SafeTensorsWriterTests
{
    public static TheoryData<string> Checkpoints() =>
        [.. Shared.FoldersWith("model.safetensors", "fixtures", "qwen3vl").Select(name => $"fixtures/qwen3vl/{name}"),
            .. (Directory.Exists(Shared.At("fixtures", "families")) ? Directory.EnumerateDirectories(Shared.At("fixtures", "families")) : [])
                .Select(folder => $"fixtures/families/{Path.GetFileName(folder)}/checkpoint").Where(folder => File.Exists(Shared.At(folder, "model.safetensors"))).Order(StringComparer.Ordinal)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Checkpoints)), Trait("Category", "Golden")]
    public void A_file_written_by_the_format_s_own_library_is_reproduced_byte_for_byte(string folder)
    {
        using var scratch = new ScratchFolder();
        string source = Shared.At(folder, "model.safetensors");
        using var file = SafeTensorsFile.Open(source);
        SafeTensorsWriter.Write(scratch.At("copy"), file.Tensors.Reverse().Select(tensor => TensorSource.FromFile(source, tensor, tensor.Name)), file.Metadata);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(scratch.At("copy")));
    }

    [Fact]
    public void Wide_types_come_first_then_names_and_every_tensor_is_aligned()
    {
        using var scratch = new ScratchFolder();
        TensorSource[] tensors =
        [
            Filled("b", ElementType.U8, [3]), Filled("z", ElementType.I64, [1, 2]), Filled("scalar", ElementType.F32, []), Filled("empty", ElementType.F32, [0, 4]),
            Filled("a", ElementType.BF16, [5]), Filled("\"quoted\" ü", ElementType.F32, [2]), Filled("a.10", ElementType.F16, [1]), Filled("a.2", ElementType.BF16, [1]),
        ];
        SafeTensorsWriter.Write(scratch.At("f"), tensors);
        using var file = SafeTensorsFile.Open(scratch.At("f"));
        Assert.Equal(["z", "\"quoted\" ü", "empty", "scalar", "a", "a.10", "a.2", "b"], file.Tensors.OrderBy(tensor => tensor.Offset).Select(tensor => tensor.Name));
        Assert.All(file.Tensors, tensor => Assert.Equal(0, tensor.Offset % tensor.Type.Size()));
        Assert.All(file.Tensors, tensor => Assert.True(file.Bytes(tensor).IndexOfAnyExcept((byte)tensor.Name.Length) < 0));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.InRange(new FileInfo(scratch.At("f")).Length, 1, SafeTensorsWriter.LargestSize(tensors));
    }

    [Fact]
    public void A_source_that_writes_another_number_of_bytes_is_caught()
    {
        using var scratch = new ScratchFolder();
        var wrong = TensorSource.FromBytes("x", ElementType.F32, [2], new byte[4]);
        Assert.Contains("announced 8 bytes and wrote 4", Assert.Throws<InvalidOperationException>(() => SafeTensorsWriter.Write(scratch.At("f"), [wrong])).Message);
    }

    private static TensorSource Filled(string name, ElementType type, long[] shape)
    {
        byte[] bytes = new byte[shape.Aggregate(1L, (product, size) => product * size) * type.Size()];
        Array.Fill(bytes, (byte)name.Length);
        return TensorSource.FromBytes(name, type, shape, bytes);
    }
}
