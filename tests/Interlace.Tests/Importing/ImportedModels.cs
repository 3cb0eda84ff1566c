using System.IO.Compression;
using System.Text.Json.Nodes;
using Interlace.Importing;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Importing;

/// <summary>
/// The trained models of the golden material, imported once for all tests of a class: folders that hold a GGUF file, what its tensors are
/// (<c>tensors.json</c>), the files that the import must give (<c>checkpoint</c>) and values of the reference.
/// </summary>
public sealed class ImportedModels : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly Dictionary<string, LoadedModel> _loaded = [];

    /// <summary>Names of those folders.</summary>
    public static IEnumerable<string> Names => Shared.FoldersWith("tensors.json", "models");

    /// <summary>The GGUF file of a folder.</summary>
    internal static string FileOf(string name) => Assert.Single(Directory.GetFiles(Shared.Require("models", name), "*.gguf"));

    /// <summary>A JSON file of a folder.</summary>
    internal static JsonNode Json(string name, string file) => Shared.Json("models", name, file);

    /// <summary>The lines of a packed file of texts.</summary>
    internal static IEnumerable<JsonNode> Texts(string name, string file)
    {
        using var packed = new GZipStream(File.OpenRead(Shared.Require("models", name, "text", file + ".jsonl.gz")),
            CompressionMode.Decompress);
        using var reader = new StreamReader(packed);
        while (reader.ReadLine() is { } line) yield return JsonNode.Parse(line)!;
    }

    /// <summary>The folder that the import gives in bf16.</summary>
    internal string FolderOf(string name)
    {
        string folder = Path.Combine(_scratch.Path, name);
        if (!Directory.Exists(folder)) ImportStage.Run(FileOf(name), folder, "bf16");
        return folder;
    }

    /// <summary>The imported model, to compute in fp32.</summary>
    internal LoadedModel Loaded(string name)
    {
        if (!_loaded.TryGetValue(name, out var loaded)) _loaded[name] = loaded = LoadedModel.Open(FolderOf(name), CPU, ScalarType.Float32);
        return loaded;
    }

    /// <summary>Ids as a text that is read.</summary>
    internal static EncodedSample Sample(IReadOnlyList<int> ids) =>
        new([.. ids], [.. ids.Select(_ => TokenKind.Prompt)], [[.. Enumerable.Range(0, ids.Count)]], ids.Count, []);

    /// <summary>-log p of every token but the first of a text, in double precision.</summary>
    internal static double[] Losses(VisionLanguageModel model, IReadOnlyList<int> ids)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack([Sample(ids)], model.Device);
        Tensor hidden = model.Hidden(batch);
        var losses = new List<double>();
        const int rows = 128;   // of a matrix of tokens by vocabulary
        for (int at = 0; at < ids.Count - 1; at += rows)
        {
            using var piece = NewDisposeScope();
            int count = Math.Min(rows, ids.Count - 1 - at);
            Tensor logits = model.Logits(hidden.narrow(0, at, count)).to(ScalarType.Float64);
            Tensor targets = tensor([.. ids.Skip(at + 1).Take(count).Select(id => (long)id)]).unsqueeze(1);
            losses.AddRange((logits.logsumexp(1) - logits.gather(1, targets).squeeze(1)).data<double>());
        }
        return [.. losses];
    }

    public void Dispose()
    {
        foreach (var loaded in _loaded.Values) loaded.Dispose();
        _scratch.Dispose();
    }
}
