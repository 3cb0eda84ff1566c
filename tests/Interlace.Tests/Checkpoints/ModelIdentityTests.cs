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
        Assert.Null(model.DifferenceFrom(Make(scratch, "f", "{}", [1, 3]) with { WeightsSha256 = null }));
        Assert.Contains("names or sizes", model.DifferenceFrom(model with { FileBytes = new Dictionary<string, long> { ["model.safetensors"] = 1 } }));
        Assert.Equal(new FileInfo(scratch.At("a", "model.safetensors")).Length, model.FileBytes["model.safetensors"]);
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
