using Interlace.Exporting;
using Interlace.Tests;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.QwenVL;

namespace Interlace.Llama;

/// <summary>A model folder, exported and opened by llama.cpp.</summary>
internal static class ExportedModel
{
    /// <summary>Exports a folder in float32 and opens what was written.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="scratch">Where the files go.</param>
    /// <param name="type">Type of the files.</param>
    public static LlamaModel Open(string folder, ScratchFolder scratch, string type = "f32")
    {
        string target = scratch.At("gguf", Guid.NewGuid().ToString("N"));
        var result = ExportStage.Run(folder, target, type, "model");
        string[] files = [.. result.Files.Select(file => Path.Combine(target, file.Name))];
        return new(files[0], files.ElementAtOrDefault(1), files.Length > 1 ? TokensOf(folder) : null);
    }

    /// <summary>The library counts an image's bounds in tokens and has others of its own.</summary>
    private static (int, int) TokensOf(string folder)
    {
        var settings = GridImageSettings.Load(folder);
        int area = settings.Factor * settings.Factor;
        return ((int)Math.Max(1, settings.MinPixels / area), (int)(settings.MaxPixels / area));
    }
}
