using System.IO.Compression;
using System.Text.Json.Nodes;
using Interlace.Exporting;
using Interlace.Tests;
using Interlace.Tests.Text;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Families;
using Interlace.Vlm.Text;

namespace Interlace.Llama;

/// <summary>Exported tokenizers in llama.cpp against every golden text, in form C: that step is the caller's there.</summary>
[Trait("Category", "Golden")]
public sealed class TokenizerTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    public static TheoryData<string> Tokenizers => [.. TokenizerGoldens.Tokenizers().Where(CanBeExported)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Tokenizers))]
    public void Ids_are_the_reference_s(string file)
    {
        TokenizerGoldens.Case[] cases = [.. TokenizerGoldens.Cases(file).Where(c => c.Text is not null)];
        Assert.SkipWhen(cases.Length == 0, $"no golden ids belong to {file}");
        string path = Shared.Require(["fixtures", .. file.Split('/')]);
        string folder = Path.GetExtension(path) == ".gz" ? Dummy(path) : Path.GetDirectoryName(path)!;
        var result = ExportStage.Run(folder, _scratch.At("gguf"), "f16", "model");
        string exported = _scratch.At("gguf", result.Files[0].Name);
        using var model = LlamaModel.Tokenizer(exported);
        string[] marks = [.. OfItsOwn(model, exported)];
        int compared = 0;
        foreach (var c in cases)
        {
            string text = CanonicalComposition.Compose(c.Text!);
            // The library ends a text at a zero byte, and takes some ordinary tokens for marks by their spelling.
            if (text.Contains('\0') || marks.Any(text.Contains)) continue;
            Assert.Equal((c.Name, string.Join(' ', c.Ids)), (c.Name, string.Join(' ', model.Tokenize(text))));
            if (c.WithSpecial is { } special)
                Assert.Equal((c.Name, string.Join(' ', special)), (c.Name, string.Join(' ', model.Tokenize(text, addSpecial: true))));
            compared++;
        }
        Assert.True(compared >= cases.Length * 0.98, $"only {compared} of {cases.Length} texts could be compared");
    }

    private static bool CanBeExported(string file)
    {
        if (file.EndsWith(".gz", StringComparison.Ordinal)) return true;   // the published one, of this kind
        string config = Path.Combine(Path.GetDirectoryName(Shared.At(["fixtures", .. file.Split('/')]))!, "config.json");
        return File.Exists(config) && FamilyTable.Find(StrictJson.ReadObject(config)) is { Gguf: not null }
            && File.Exists(Path.Combine(Path.GetDirectoryName(config)!, Checkpoint.SingleName));
    }

    /// <summary>Texts of tokens that are ordinary in the file.</summary>
    private static IEnumerable<string> OfItsOwn(LlamaModel model, string exported)
    {
        const int most = 1 << 20, normal = 1;
        using var file = GgufFile.Open(exported);
        int[] types = file.Keys.Integers("tokenizer.ggml.token_type", most)!;
        string[] tokens = file.Keys.Texts("tokenizer.ggml.tokens", most, most)!;
        return [.. model.ControlTokens().Where(id => types[id] == normal).Select(id => tokens[id])];
    }

    /// <summary>A language model of one small layer around a tokenizer.</summary>
    private string Dummy(string packed)
    {
        string folder = _scratch.Copy(TinyCheckpoints.Text, "dummy");
        using (var unpacked = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress))
        using (var target = File.Create(Path.Combine(folder, "tokenizer.json"))) unpacked.CopyTo(target);
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!;
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;
        config["vocab_size"] = 1 + tokenizer["model"]!["vocab"]!.AsObject().Select(token => (int)token.Value!)
            .Concat(tokenizer["added_tokens"]!.AsArray().Select(token => (int)token!["id"]!)).Max();
        config["num_hidden_layers"] = 1;
        foreach (string file in (string[])["config.json", "generation_config.json"])
        {
            JsonNode json = file == "config.json" ? config : JsonNode.Parse(File.ReadAllText(Path.Combine(folder, file)))!;
            foreach (string key in (string[])["bos_token_id", "eos_token_id", "pad_token_id"]) json.AsObject().Remove(key);
            File.WriteAllText(Path.Combine(folder, file), json.ToJsonString());
        }
        foreach (string file in Directory.EnumerateFiles(folder, "*.safetensors")) File.Delete(file);
        TensorSource[] tensors = [.. ModelTensors.Expected(folder).Select(tensor => TensorSource.FromBytes(tensor.Key, ElementType.BF16,
            tensor.Value, new byte[2 * tensor.Value.Aggregate(1L, (product, size) => product * size)]))];
        CheckpointWriter.Write(folder, [tensors]);
        return folder;
    }
}
