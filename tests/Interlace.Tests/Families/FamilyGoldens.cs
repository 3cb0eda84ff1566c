using System.Text.Json.Nodes;
using Interlace.Tests.Text;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Tests.Families;

/// <summary>The tiny checkpoints of the model families and the values that the reference gives for them.</summary>
internal static class FamilyGoldens
{
    /// <summary>The layout of published files, and that of transformers 5, whose folders hold what differs.</summary>
    public const string Published = "checkpoint", Newer = "v5-layout";

    private const string Folder = "fixtures/families";

    /// <summary>The families of the folder that can be run here.</summary>
    public static IEnumerable<string> Names =>
        !Directory.Exists(Shared.At(Folder)) ? [] : Directory.EnumerateDirectories(Shared.At(Folder))
            .Select(folder => Path.GetFileName(folder)).Where(IsRunnable).Order(StringComparer.Ordinal);

    /// <summary>Family and case of every recorded conversation.</summary>
    public static IEnumerable<(string Family, string Case)> Cases =>
        from family in Names from recorded in Golden(family)["cases"]!.AsObject() select (family, recorded.Key);

    /// <summary>The case whose layers are recorded: the first.</summary>
    public static string FirstCase(string family) => Golden(family)["cases"]!.AsObject().First().Key;

    public static JsonNode Golden(string family) => Shared.Json(Folder, family, "golden.json");

    public static JsonNode Golden(string family, string name) => Golden(family)["cases"]![name]!;

    public static string PathOf(string family, params string[] parts) => Shared.Require([Folder, family, .. parts]);

    public static bool Has(string family, params string[] parts) => Path.Exists(Shared.At([Folder, family, .. parts]));

    public static LoadedModel Open(string folder, JsonNode? arguments = null) =>
        LoadedModel.Open(folder, Qwen3VL.Goldens.Device, ScalarType.Float32, MaxPixels(folder, arguments));

    /// <summary>The model in the layout of transformers 5: weights and tokenizer are those of the other, where the folder has none of its own.</summary>
    public static string InNewerLayout(string family, ScratchFolder scratch)
    {
        string folder = scratch.Copy(PathOf(family, Newer), "newer");
        foreach (string file in Directory.EnumerateFiles(PathOf(family, Published)).Where(IsShared))
            if (Path.Combine(folder, Path.GetFileName(file)) is var copy && !File.Exists(copy)) File.Copy(file, copy);
        return folder;

        static bool IsShared(string file) => Path.GetFileName(file) is "tokenizer.json" || file.EndsWith(".safetensors", StringComparison.Ordinal);
    }

    /// <summary>The images of a case, as the reference loaded them.</summary>
    public static RgbImage[] Images(string family, string name) =>
        [.. Golden(family, name)["image_files"]!.AsArray().Select(file => ImageDecoder.Load(PathOf(family, "images", (string)file!), ImageDecoding.Plain))];

    public static IReadOnlyList<ChatMessage> Messages(string family, string name) => GoldenConversation.Read(Golden(family, name)["messages"]!);

    /// <summary>A recorded conversation as the model takes it.</summary>
    public static EncodedSample Sample(LoadedModel loaded, string family, string name) =>
        loaded.Processor.Encode(Messages(family, name), Images(family, name), addGenerationPrompt: true);

    /// <summary>The largest absolute difference between a recorded tensor and one of ours, whose last rows it may hold alone.</summary>
    public static double Deviation(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        Tensor flat = expected.reshape(-1, expected.shape[^1]), own = actual.to(ScalarType.Float32).cpu().reshape(-1, actual.shape[^1]);
        Assert.Equal(flat.shape[1], own.shape[1]);
        Assert.InRange(flat.shape[0], 1, own.shape[0]);
        return (flat - own.narrow(0, own.shape[0] - flat.shape[0], flat.shape[0])).abs().max().item<float>();
    }

    /// <summary>Tells by how much a check deviates at most, for <c>docs/fidelity.md</c>; shown with <c>-diagnostics</c>.</summary>
    public static void Report(string family, string name, string check, double deviation) =>
        TestContext.Current.SendDiagnosticMessage($"{family}/{name}: {check} within {deviation:g2}");

    /// <summary>What a call of the reference's processor changed, as the bound that leads to the same image.</summary>
    private static long? MaxPixels(string folder, JsonNode? arguments)
    {
        if (arguments?["size"] is { } size) return (long)size["longest_edge"]!;
        if ((arguments?["crop_to_patches"] ?? arguments?["do_image_splitting"]) is not { } crop || (bool)crop) return null;
        var images = ImageSettings.Read(folder);
        long side = images.Has("max_image_size")
            ? images.Section("max_image_size").Int("longest_edge", int.MaxValue) : images.Section("size").Int("height", int.MaxValue);
        return side * side;   // one tile
    }

    private static bool IsRunnable(string family) =>
        Has(family, "golden.json") && FamilyTable.Find(StrictJson.ReadObject(PathOf(family, Published, "config.json"))) is { Parts: not null };
}
