using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Families.Qwen3VL;

/// <summary>The golden checkpoints of the Qwen3-VL fixtures, and comparison with the values recorded for them.</summary>
internal static class Goldens
{
    private const string Folder = "fixtures/qwen3vl";

    /// <summary>Where golden models run, as the command line calls it: INTERLACE_DEVICE, by default the processor.</summary>
    public static string DeviceName { get; } = Environment.GetEnvironmentVariable("INTERLACE_DEVICE") is { Length: > 0 } set ? set : "cpu";

    public static Device Device { get; } = Compute.Choose(DeviceName, "fp32", threads: 1).Device;

    /// <summary>Names of the checkpoints that have recorded values.</summary>
    public static IEnumerable<string> Checkpoints => Shared.FoldersWith("config.json", Folder).Where(name => File.Exists(Shared.At(Folder, "forward", $"{name}.json")));

    /// <summary>Checkpoint and sample of every recorded forward pass.</summary>
    public static IEnumerable<(string Checkpoint, string Sample)> Samples =>
        from name in Checkpoints from sample in Recorded("forward", name)["samples"]!.AsObject() select (name, sample.Key);

    public static JsonNode Recorded(string kind, string name) => Shared.Json(Folder, kind, $"{name}.json");

    public static string PathOf(params string[] parts) => Shared.Require([Folder, .. parts]);

    public static VisionLanguageModel Open(string name, ScalarType type = ScalarType.Float32) => OpenFolder(PathOf(name), type);

    public static VisionLanguageModel OpenFolder(string folder, ScalarType type = ScalarType.Float32) =>
        LoadedModel.Open(folder, Device, type).Model;

    /// <summary>A recorded conversation of the chat goldens as the model takes it, with its resized images: independent of tokenizer and image code.</summary>
    public static EncodedSample Sample(string checkpoint, string name, bool prompt = false)
    {
        JsonNode chat = Recorded("chat", checkpoint)["conversations"]![name]!;
        JsonNode form = chat[prompt ? "with_generation_prompt" : "without_generation_prompt"]!;
        int[] ids = Ints(form["input_ids"]!);
        string types = form["mm_token_type_ids"]!.GetValue<string>();
        var kinds = new TokenKind[ids.Length];
        for (int t = 0; t < kinds.Length; t++) kinds[t] = types[t] == '1' ? TokenKind.Image : TokenKind.Prompt;
        foreach (var span in chat["answer_spans"]!.AsArray())
            for (int t = span![0]!.GetValue<int>(); t < span[1]!.GetValue<int>(); t++) kinds[t] = TokenKind.Answer;
        int[][] positions = [Ints(form["position_ids_t"]!), Ints(form["position_ids_h"]!), Ints(form["position_ids_w"]!)];
        RgbImage[] images = [.. chat["images"]!.AsArray().Select(file => Image("forward/resized-rgb.safetensors", $"{checkpoint}/{file}"))];
        int visual = kinds.Count(kind => kind == TokenKind.Image) / Math.Max(1, images.Length);
        return new EncodedSample(ids, kinds, positions, ids.Length + form["rope_delta"]!.GetValue<int>(),
            [.. images.Select(image => VisualInput.Whole(image, image, visual))]);
    }

    /// <summary>A recorded conversation without its last answer, with the generation prompt.</summary>
    public static EncodedSample Prompt(string checkpoint, string name)
    {
        var whole = Sample(checkpoint, name);
        int end = Array.LastIndexOf(whole.Kinds, TokenKind.Answer);
        while (end > 0 && whole.Kinds[end - 1] == TokenKind.Answer) end--;
        int[][] positions = [.. whole.Positions.Select(axis => axis[..end])];
        int next = positions.Max(axis => axis.Max()) + 1;
        return whole with { Ids = whole.Ids[..end], Kinds = whole.Kinds[..end], Positions = positions, NextPosition = next };
    }

    public static RgbImage Image(string file, string key)
    {
        using var images = SafeTensorsFile.Open(PathOf(file));
        TensorEntry entry = images.Tensors.Single(t => t.Name == key);
        return new RgbImage((int)entry.Shape[1], (int)entry.Shape[0], images.Bytes(entry).ToArray());
    }

    public static int[] Ints(JsonNode node) => [.. node.AsArray().Select(n => n!.GetValue<int>())];
    public static double[] Doubles(JsonNode node) => [.. node.AsArray().Select(n => n!.GetValue<double>())];

    /// <summary>All tensors of a file, as copies.</summary>
    public static Dictionary<string, Tensor> Load(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        return file.Tensors.ToDictionary(t => t.Name, t => ParameterSources.Load(file, t, CPU).clone().DetachFromDisposeScope());
    }

    /// <summary>Largest deviation from a recorded "stats" object, relative to the tensor's largest recorded value.</summary>
    public static double Deviation(JsonNode stats, Tensor actual)
    {
        Assert.Equal(Ints(stats["shape"]!).Select(n => (long)n), actual.shape);
        float[] flat = actual.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        double[] values = Doubles(stats["values"]!);
        double scale = Math.Max(values.Max(Math.Abs), flat.Max(Math.Abs)), worst = 0;
        foreach (var (i, at) in Ints(stats["indices"]!).Index()) worst = Math.Max(worst, Math.Abs(flat[at] - values[i]));
        double norm = Math.Sqrt(flat.Sum(v => (double)v * v));
        double expected = stats["norm"]!.GetValue<double>();
        return Math.Max(worst / scale, Math.Abs(norm - expected) / expected);
    }
}
