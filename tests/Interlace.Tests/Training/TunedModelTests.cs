using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public sealed class TunedModelTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    /// <summary>What is asked for before hours of work is what is needed after them.</summary>
    [Fact]
    public void The_size_that_is_told_is_what_is_written()
    {
        foreach (string model in new[] { TinyCheckpoints.Tied, TinyCheckpoints.Untied })
        {
            string name = Path.GetFileName(model), pruned = _scratch.At(name, "pruned"), tuned = _scratch.At(name, "tuned"),
                record = _scratch.At(name, "train.jsonl");
            LayerRemoval.Prune(model, PruningPlan.Create(name == "tied" ? 12 : 36, drop: [5, 8], tune: [4, 9]), pruned);
            File.WriteAllBytes(record, new byte[12_345]);
            using var loaded = LoadedModel.Open(pruned, CPU, ScalarType.Float32);
            TunedModel.Write(pruned, TrainedParameters.Of(loaded.Model, [4]).Changes, tuned,
                new Dictionary<string, string> { ["train.jsonl"] = record });
            long written = new DirectoryInfo(tuned).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length),
                told = TunedModel.Size(pruned, 12_345);
            Assert.InRange(told, written - 20_000, written + 200_000);   // the index is written anew, and headers are told at their largest
        }
    }
}
