using System.Text;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public class ModelIdentityTests
{
    [Fact]
    public void Models_are_told_apart_by_config_tensors_and_sizes_and_on_request_by_weights()
    {
        using var scratch = new ScratchFolder();
        var model = Make(scratch, "a", "{}", [1, 2]);
        Assert.Null(model.DifferenceFrom(Make(scratch, "b", "{}", [1, 2])));
        Assert.Contains("config.json", model.DifferenceFrom(Make(scratch, "c", "{ }", [1, 2])));
        Assert.Contains("shapes", model.DifferenceFrom(Make(scratch, "d", "{}", [1, 2, 3])));
        Assert.Contains("weights differ", model.DifferenceFrom(Make(scratch, "e", "{}", [1, 3])));
        Assert.Null(model.DifferenceFrom(Make(scratch, "f", "{}", [1, 3]) with { WeightsSha256 = null, SampleSha256 = null }));
        Assert.Contains("names or sizes", model.DifferenceFrom(model with { FileBytes = new Dictionary<string, long> { ["model.safetensors"] = 1 } }));
        Assert.Equal(new FileInfo(scratch.At("a", "model.safetensors")).Length, model.FileBytes["model.safetensors"]);
    }

    [Fact]
    public void Weights_of_one_shape_are_told_apart_unasked_wherever_they_lie_and_whenever_they_were_written()
    {
        using var scratch = new ScratchFolder();
        // larger than its sample
        byte[] values = [.. Enumerable.Range(0, 5 << 20).Select(i => (byte)(i * 7))],
            others = [.. values.Select(value => (byte)(value ^ 1))];
        var model = Make(scratch, "a", "{}", values) with { WeightsSha256 = null };
        Assert.Contains("weights differ", model.DifferenceFrom(Make(scratch, "b", "{}", others) with { WeightsSha256 = null }));
        var copy = Make(scratch, "elsewhere", "{}", values) with { WeightsSha256 = null };
        File.SetLastWriteTimeUtc(scratch.At("elsewhere", "model.safetensors"), DateTime.UnixEpoch);
        Assert.Null(model.DifferenceFrom(copy));
        Assert.Equal(model.SampleSha256, copy.SampleSha256);
        Assert.Null(model.DifferenceFrom(model with { SampleSha256 = null }));   // what older versions wrote
    }

    private static ModelIdentity Make(ScratchFolder scratch, string name, string config, byte[] values)
    {
        Directory.CreateDirectory(scratch.At(name));
        File.WriteAllText(scratch.At(name, "config.json"), config, new UTF8Encoding(false));
        CheckpointWriter.Write(scratch.At(name), [[TensorSource.FromBytes("x", ElementType.U8, [values.Length], values)]]);
        using var checkpoint = Checkpoint.Open(scratch.At(name));
        return ModelIdentity.Of(checkpoint, full: true);
    }
}
