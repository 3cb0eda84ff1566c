using System.Text.Json.Nodes;
using Interlace.Importing;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Tests.Importing;

public sealed class ImportStageTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _file, _target;

    public ImportStageTests() => (_file, _target) = (_scratch.At("tiny.gguf"), _scratch.At("model"));

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("llama", "smollm", true)]
    [InlineData("llama", "llama-bpe", false)]
    [InlineData("qwen2", "qwen2", true)]
    [InlineData("qwen3", "gpt-2", false)]
    public void A_file_of_each_kind_becomes_a_folder_with_its_values(string architecture, string pre, bool tied)
    {
        var source = TinyGguf.Create(architecture, pre, tied);
        source.Save(_file);
        var made = CommandRun.Of("import", _file, "--type", "f32", "--out", _target, "--json");
        Assert.True(made.Code == 0, made.Error);
        using var folder = Checkpoint.Open(_target);
        Assert.Equal(source.Tensors.Count, folder.Names.Count);
        Assert.Equal(architecture, (string)folder.Config["model_type"]!);
        Assert.Equal(tied, (bool)folder.Config["tie_word_embeddings"]!);

        // Of two heads of eight rows: rows 0, 2, 4, 6 of a head come first, then 1, 3, 5, 7; other kinds keep the order.
        byte[] rows = source.Tensors.Single(tensor => tensor.Name == "blk.1.attn_k.weight").Bytes;
        int[] order = architecture == "llama" ? [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15] : [.. Enumerable.Range(0, 16)];
        byte[] expected = [.. order.SelectMany(row => rows[(row * 128)..((row + 1) * 128)])];
        var (file, entry) = folder.Find("model.layers.1.self_attn.k_proj.weight");
        Assert.Equal(expected, file.Bytes(entry).ToArray());
        var (same, value) = folder.Find("model.layers.1.self_attn.v_proj.weight");
        Assert.Equal(source.Tensors.Single(tensor => tensor.Name == "blk.1.attn_v.weight").Bytes, same.Bytes(value).ToArray());

        var tokenizer = Tokenizer.Load(_target);
        int[] ids = tokenizer.Encode(" the 12<|im_end|>");
        Assert.Equal(" the", tokenizer.Decode([ids[0]]));
        Assert.Equal(2, ids[^1]);
        Assert.Equal(pre == "llama-bpe" ? 1 : ids[0], tokenizer.Encode(" the", addSpecial: true)[0]);
    }

    [Fact]
    public void How_answers_are_sampled_is_taken_over_and_a_temperature_of_zero_means_the_likeliest_token()
    {
        GgufBytes Of(float temperature, float topP) => TinyGguf.Create().With("general.sampling.temp", temperature)
            .With("general.sampling.top_p", topP).With("general.sampling.top_k", -1);
        CheckpointSampling Imported(GgufBytes source, string name)
        {
            source.Save(_file);
            Assert.Equal(0, CommandRun.Of("import", _file, "--out", _scratch.At(name)).Code);
            return CheckpointSampling.Read(_scratch.At(name));
        }
        Assert.Equal(new(0.6, 0, 0.95, 1), Imported(Of(0.6f, 0.95f), "drawn"));
        Assert.Equal(0, Imported(Of(0, 0.95f), "greedy").Temperature);
        Of(0.6f, 1.5f).Save(_file);
        Assert.Contains("general.sampling.top_p is 1.5", CommandRun.Of("import", _file, "--out", _target).Refusal(),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(_target));
    }

    /// <summary>Tokens 1 and 2 begin and end a text.</summary>
    [Theory]
    [InlineData("smollm", null, null, false, false)]
    [InlineData("smollm", true, null, true, false)]
    [InlineData("smollm", false, true, false, true)]
    [InlineData("llama-bpe", null, null, true, false)]
    [InlineData("llama-bpe", null, true, true, true)]
    [InlineData("llama-bpe", false, false, false, false)]
    public void Texts_begin_and_end_as_the_file_says(string pre, bool? addBegin, bool? addEnd, bool begins, bool ends)
    {
        TinyGguf.Create(pre: pre).With("tokenizer.ggml.add_bos_token", addBegin).With("tokenizer.ggml.add_eos_token", addEnd).Save(_file);
        ImportStage.Run(_file, _target, "bf16");
        var tokenizer = Tokenizer.Load(_target);
        int[] plain = tokenizer.Encode(" the");
        int[] expected = [.. begins ? new[] { 1 } : [], .. plain, .. ends ? new[] { 2 } : []];
        Assert.Equal(expected, tokenizer.Encode(" the", addSpecial: true));
    }

    /// <summary>How many blanks and digits stand together, each rule decides in its own way.</summary>
    [Theory]
    [InlineData("gpt-2", "  12345 x", " | 12345| x")]
    [InlineData("smollm", "  12345 x", "  |1|2|3|4|5| x")]
    [InlineData("qwen2", "  12345 x", " | |1|2|3|4|5| x")]
    [InlineData("llama-bpe", "  12345 x", " | |123|45| x")]
    public void Each_name_of_a_rule_cuts_texts_in_its_own_way(string pre, string text, string pieces)
    {
        // With every piece a token of its own, the tokens are the pieces.
        string[] parts = [.. pieces.Split('|').Distinct()];
        var file = TinyGguf.Create(pre: pre);
        var tokens = (string[])file.Keys.Single(entry => entry.Key == "tokenizer.ggml.tokens").Value;
        string Written(string part) => part.Replace(' ', 'Ġ');
        var merges = new List<string>();
        int next = tokens.Length - 1;
        foreach (string part in parts.Select(Written).Where(part => part.Length > 1))
        {
            for (int end = 2; end <= part.Length; end++)
            {
                merges.Add($"{part[..(end - 1)]} {part[end - 1]}");
                if (!tokens.Contains(part[..end])) tokens[next--] = part[..end];
            }
        }
        file.With("tokenizer.ggml.merges", merges.Distinct().ToArray()).Save(_file);
        ImportStage.Run(_file, _target, "bf16");
        var tokenizer = Tokenizer.Load(_target);
        Assert.Equal(pieces, string.Join('|', tokenizer.Encode(text).Select(id => tokenizer.Decode([id]))));
    }

    [Fact]
    public void The_record_says_what_the_weights_were()
    {
        TinyGguf.Create().Save(_file);
        var made = CommandRun.Of("import", _file, "--out", _target, "--json");
        JsonNode record = made.Json();
        Assert.Equal(("tiny.gguf", new FileInfo(_file).Length), ((string)record["source"]!["name"]!, (long)record["source"]!["bytes"]!));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(_file))),
            (string)record["source"]!["sha256"]!);
        Assert.Equal(File.ReadAllText(Path.Combine(_target, ImportFile.Name)),
            ImportFile.Load(Path.Combine(_target, ImportFile.Name)).ToJson());
        Assert.Contains("not quantised", (string)record["note"]!, StringComparison.Ordinal);
        foreach (string path in (string[])[_target, Path.Combine(_target, ImportFile.Name)])
            Assert.Contains("tiny.gguf", CommandRun.Of("inspect", path).Out, StringComparison.Ordinal);
        Assert.True(ModelRecords.AreIn(_target));
    }

    [Fact]
    public void The_same_file_is_not_imported_twice_and_another_takes_its_place_by_force_alone()
    {
        TinyGguf.Create().Save(_file);
        ImportStage.Run(_file, _target, "bf16");
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(_target, "model.safetensors"));
        Assert.Contains("is there already", CommandRun.Of("import", _file, "--out", _target).Error, StringComparison.Ordinal);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(_target, "model.safetensors")));

        Assert.Contains("not empty", CommandRun.Of("import", _file, "--type", "f32", "--out", _target).Refusal(), StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("import", _file, "--type", "f32", "--out", _target, "--force").Code);
        Assert.Equal("f32", ImportFile.In(_target)!.Dtype);

        // A folder that was changed since is another one; one of somebody else's is never replaced.
        File.AppendAllText(Path.Combine(_target, "config.json"), "\n");
        Assert.Contains("not empty", CommandRun.Of("import", _file, "--type", "f32", "--out", _target).Refusal(), StringComparison.Ordinal);
        File.Delete(Path.Combine(_target, ImportFile.Name));
        Assert.Contains("did not make", CommandRun.Of("import", _file, "--out", _target, "--force").Refusal(), StringComparison.Ordinal);
        Assert.Equal(["model", "tiny.gguf"], _scratch.Entries());
    }

    [Fact]
    public void Two_imports_give_the_same_bytes()
    {
        TinyGguf.Create().Save(_file);
        string other = _scratch.At("other");
        ImportStage.Run(_file, _target, "bf16");
        ImportStage.Run(_file, other, "bf16");
        foreach (string file in Directory.EnumerateFiles(_target))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(other, Path.GetFileName(file))));
    }

    [Fact]
    public void A_full_disk_and_an_interruption_leave_nothing()
    {
        TinyGguf.Create().Save(_file);
        Assert.Throws<InputException>(() => ImportStage.Run(_file, _target, "bf16", freeBytes: _ => 1000));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => ImportStage.Run(_file, _target, "bf16", cancel: cancelled.Token));
        Assert.Contains("'int8'", CommandRun.Of("import", _file, "--type", "int8", "--out", _target).Refusal(), StringComparison.Ordinal);
        Assert.Contains("is read by this command", CommandRun.Of("import", _file, "--out", _file).Refusal(), StringComparison.Ordinal);
        Assert.Equal(["tiny.gguf"], _scratch.Entries());
    }

    [Fact]
    public void An_imported_model_is_loaded_and_pruned()
    {
        TinyGguf.Create().Save(_file);
        ImportStage.Run(_file, _target, "bf16");
        string plan = _scratch.At("plan.json"), pruned = _scratch.At("pruned");
        PlanFile.Save(PruningPlan.Create(2, drop: [0], tune: [1]), plan);
        Assert.Equal(0, CommandRun.Of("prune", _target, "--plan", plan, "--out", pruned).Code);
        Assert.Equal(0, CommandRun.Of("verify", pruned, "--parent", _target, "--device", "cpu").Code);
        using var loaded = LoadedModel.Open(pruned, CPU, ScalarType.Float32);
        Assert.Single(loaded.Model.Layers);
        Assert.False(ImportFile.In(pruned) is { } record && record.Model.DifferenceFrom(Identity(pruned)) is null);
    }

    private static ModelIdentity Identity(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return ModelIdentity.Of(checkpoint);
    }
}
