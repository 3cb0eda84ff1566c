using Interlace.Tests.Cli;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Cases;

/// <summary>
/// Weights in one file and in shards, in one folder: refused, whoever opens it. What is left of one of them is no second set.
/// </summary>
public sealed class WeightsTwiceTests : IDisposable
{
    private const string Norm = "model.language_model.norm.weight";

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("generate", "Hello", "--dtype", "fp32")]
    [InlineData("inspect")]
    public void Two_sets_are_refused_by_name(string verb, params string[] rest)
    {
        string refusal = CommandRun.Of([verb, Both(), .. rest]).Refusal();
        Assert.Contains("two sets of weights", refusal);
        Assert.Contains("model.safetensors.index.json", refusal);
    }

    [Fact]
    public void Two_sets_of_which_one_is_incomplete_are_refused_too()
    {
        File.Delete(Path.Combine(Both(), "model-00002-of-00003.safetensors"));
        Assert.Contains("two sets of weights", CommandRun.Of("inspect", _scratch.At("both")).Refusal());
    }

    [Fact]
    public void An_index_without_its_shards_is_passed_over_where_one_whole_file_stands()
    {
        string folder = Both();
        foreach (string shard in Directory.EnumerateFiles(folder, "model-*.safetensors")) File.Delete(shard);
        using var checkpoint = Checkpoint.Open(folder);
        Assert.Equal("model.safetensors", Path.GetFileName(Assert.Single(checkpoint.Files).Path));
        var (file, norm) = checkpoint.Find(Norm);
        Assert.All(file.Bytes(norm).ToArray(), value => Assert.Equal(0, value));
        Assert.Equal(0, CommandRun.Of("inspect", folder).Code);
    }

    [Fact]
    public void Without_the_whole_file_a_missing_shard_is_missing()
    {
        string folder = Both();
        File.Delete(Path.Combine(folder, "model.safetensors"));
        Assert.Equal(0, CommandRun.Of("inspect", folder).Code);
        File.Delete(Path.Combine(folder, "model-00002-of-00003.safetensors"));
        Assert.Contains("model-00002-of-00003.safetensors", CommandRun.Of("inspect", folder).Refusal());
    }

    [Fact]
    public void An_index_that_lists_the_single_file_is_an_ordinary_one()
    {
        string folder = Both();
        foreach (string shard in Directory.EnumerateFiles(folder, "model-*.safetensors")) File.Delete(shard);
        string index = Path.Combine(folder, "model.safetensors.index.json");
        File.WriteAllText(index, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(index), "model-0000[0-9]-of-00003",
            "model"));
        Assert.Equal(0, CommandRun.Of("inspect", folder).Code);
    }

    /// <summary>Three shards with their index, and all of their tensors once more in one file, with the final norm zero.</summary>
    private string Both()
    {
        string folder = _scratch.Copy(TinyCheckpoints.Untied, "both");
        using var checkpoint = Checkpoint.Open(folder);
        SafeTensorsWriter.Write(Path.Combine(folder, "model.safetensors"), checkpoint.Files.SelectMany(file => file.Tensors.Select(tensor =>
            tensor.Name == Norm ? TensorSource.FromBytes(Norm, tensor.Type, tensor.Shape,
                new byte[tensor.Bytes]) : TensorSource.FromFile(file.Path, tensor, tensor.Name))));
        return folder;
    }
}
