using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.DemoModel.Training;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.DemoModel;

/// <summary>Turns the state of a training into a model folder in the published layout, in bfloat16.</summary>
public static class Packing
{
    /// <summary>Name of the file with logits.</summary>
    public const string LogitsName = "reference.json";

    private const int LikeliestTokens = 10, LongestAnswer = 10;

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the folder whole or not at all, and opens it once.</summary>
    /// <param name="training">Folder of a training, finished or not.</param>
    /// <param name="target">The model folder.</param>
    /// <param name="overwrite">Replace what stands there.</param>
    /// <exception cref="InputException">The training has not come to the whole model, or the place is taken.</exception>
    public static void Write(string training, string target, bool overwrite = false)
    {
        string path = Path.Combine(training, DemoTrainer.StateName), small = Path.Combine(training, DemoTrainer.ModelName);
        if (!File.Exists(path)) throw new InputException($"{training} has no {DemoTrainer.StateName}: the training has saved no state of the whole model yet.");
        using var state = SafeTensorsFile.Open(path);
        using var scope = NewDisposeScope();
        // the state is more than twice as large
        using var folder = StagedFolder.Begin(target, new FileInfo(path).Length, overwrite ? IsPacked : null);
        foreach (string file in Directory.EnumerateFiles(small)) File.Copy(file, Path.Combine(folder.FullPath, Path.GetFileName(file)));
        var all = TrainedWeights.All(state);
        Parameter[] weights = [.. ModelTensors.Expected(folder.FullPath).Keys.Select(name => all(name))];
        CheckpointWriter.Write(folder.FullPath, [[.. weights.Select(weight => TensorSource.FromTensor(weight.Name, weight.Value, ElementType.BF16))]]);
        foreach (var weight in weights) weight.Dispose();
        LoadedModel.Open(folder.FullPath, CPU, ScalarType.Float32).Dispose();
        folder.Commit();
    }

    /// <summary>A model and nothing else may be packed anew.</summary>
    private static bool IsPacked(string folder) =>
        File.Exists(Path.Combine(folder, "config.json")) && !Directory.EnumerateDirectories(folder).Any();

    /// <summary>Writes, for the first question of each table but the last, its prompt's ids, the likeliest first tokens with their logits in fp32, and the greedy answer: for comparison with other programs.</summary>
    /// <param name="model">A packed folder.</param>
    /// <param name="benchmarks">The tables.</param>
    /// <param name="path">The file.</param>
    public static void WriteLogits(string model, string benchmarks, string path)
    {
        using var loaded = LoadedModel.Open(model, CPU, ScalarType.Float32);
        var questions = new JsonArray([.. Benchmarks.In(benchmarks, null).Take(5).Select(found => (JsonNode)Ask(loaded, found))]);
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["dtype"] = "fp32", ["questions"] = questions }.ToJsonString(Readable) + "\n"));
    }

    private static JsonObject Ask(LoadedModel loaded, FoundBenchmark found)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var table = BenchmarkTable.Open(found.Path);
        BenchmarkRow row = table.Rows[0];
        RgbImage[] images = [.. table.Images(row).Select(bytes => ImageDecoder.Decode(bytes, table.Name, ImageDecoding.Plain))];
        var prompt = loaded.Processor.Encode([Prompts.Message(found.Benchmark, row, images.Length)], images, addGenerationPrompt: true);
        using var batch = Batch.Pack([prompt], CPU);
        Tensor logits = loaded.Model.Logits(loaded.Model.Hidden(batch).narrow(0, prompt.Length - 1, 1)).view(-1);
        var (values, ids) = logits.topk(LikeliestTokens);
        var answer = new Vlm.Generation.Generator(loaded.Model, new GenerationOptions(LongestAnswer), [.. loaded.StopIds]).Run([prompt]).Single();
        return new()
        {
            ["table"] = found.Benchmark.Name, ["index"] = row.Index, ["question"] = row.Question, ["expected"] = row.Answer, ["answer"] = loaded.Processor.Tokenizer.Decode(answer.Ids),
            ["prompt_ids"] = new JsonArray([.. prompt.Ids.Select(id => (JsonNode)id)]),
            ["top_ids"] = new JsonArray([.. ids.data<long>().ToArray().Select(id => (JsonNode)id)]), ["top_logits"] = new JsonArray([.. values.data<float>().ToArray().Select(v => (JsonNode)v)]),
            ["logits_norm"] = logits.norm().item<float>(),
        };
    }
}
