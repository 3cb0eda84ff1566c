using System.Text.Json.Nodes;
using Interlace.Exporting;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Generation;
using static TorchSharp.torch;

namespace Interlace.Tests.Exporting;

public sealed class ExportStageTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _target;

    public ExportStageTests() => _target = _scratch.At("gguf");

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("f32")]
    [InlineData("f16")]
    [InlineData("bf16")]
    [InlineData("q8_0")]
    public void Every_weight_is_the_folder_s_as_near_as_the_type_allows(string type)
    {
        var made = CommandRun.Of("export", TinyCheckpoints.Untied, "--type", type, "--name", "tiny", "--out", _target, "--json");
        Assert.True(made.Code == 0, made.Error);
        Assert.Equal([$"mmproj-tiny-{type}.gguf", $"tiny-{type}.gguf"], Names());
        Assert.Equal(made.Json()["files"]!.AsArray().Select(file => (long)file!["bytes"]!),
            made.Json()["files"]!.AsArray().Select(file => new FileInfo(Path.Combine(_target, (string)file!["file"]!)).Length));
        using var checkpoint = Checkpoint.Open(TinyCheckpoints.Untied);
        using var text = GgufFile.Open(Path.Combine(_target, $"tiny-{type}.gguf"));
        using var vision = GgufFile.Open(Path.Combine(_target, $"mmproj-tiny-{type}.gguf"));

        // One tensor of each kind, by the names in the documents of both formats.
        Compare(checkpoint, "model.language_model.embed_tokens.weight", text, "token_embd.weight");
        Compare(checkpoint, "lm_head.weight", text, "output.weight");
        Compare(checkpoint, "model.language_model.norm.weight", text, "output_norm.weight", exact: true);
        Compare(checkpoint, "model.language_model.layers.3.self_attn.q_proj.weight", text, "blk.3.attn_q.weight");
        Compare(checkpoint, "model.language_model.layers.35.mlp.down_proj.weight", text, "blk.35.ffn_down.weight");
        Compare(checkpoint, "model.language_model.layers.7.self_attn.k_norm.weight", text, "blk.7.attn_k_norm.weight", exact: true);
        Compare(checkpoint, "model.visual.blocks.1.attn.qkv.weight", vision, "v.blk.1.attn_qkv.weight");
        Compare(checkpoint, "model.visual.blocks.0.mlp.linear_fc2.bias", vision, "v.blk.0.ffn_down.bias", exact: true);
        Compare(checkpoint, "model.visual.deepstack_merger_list.1.linear_fc1.weight", vision, "v.deepstack.2.fc1.weight");
        Compare(checkpoint, "model.visual.merger.norm.weight", vision, "v.post_ln.weight", exact: true);
        Compare(checkpoint, "model.visual.merger.linear_fc2.weight", vision, "mm.2.weight");
        Compare(checkpoint, "model.visual.pos_embed.weight", vision, "v.position_embd.weight", exact: true);

        // The kernel of patches, one tensor for each of its frames.
        float[] kernel = Values(checkpoint, "model.visual.patch_embed.proj.weight");
        long[] shape = checkpoint.Find("model.visual.patch_embed.proj.weight").Entry.Shape;
        int side = (int)(shape[3] * shape[4]);
        foreach (var (frame, name) in new[] { "v.patch_embd.weight", "v.patch_embd.weight.1" }.Index())
        {
            var tensor = vision.Tensors.Single(found => found.Name == name);
            Assert.Equal([shape[0], 3, shape[3], shape[4]], tensor.Shape);
            float[] half = new float[tensor.Elements];
            vision.Read(tensor, 0, half);
            Assert.Equal([.. kernel.Chunk(side).Where((_, i) => i % 2 == frame).SelectMany(run => run)], half);
        }
    }

    [Fact]
    public void Keys_say_what_the_config_and_the_tokenizer_say()
    {
        ExportStage.Run(TinyCheckpoints.Tied, _target, "f16", "tiny");
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(TinyCheckpoints.Tied, "config.json")))!;
        JsonNode text = config["text_config"]!;
        using var file = GgufFile.Open(Path.Combine(_target, "tiny-f16.gguf"));
        using var vision = GgufFile.Open(Path.Combine(_target, "mmproj-tiny-f16.gguf"));
        Assert.Equal(("qwen3vl", "clip"), (file.Keys.Text("general.architecture"), vision.Keys.Text("general.architecture")));
        Assert.Equal((int)text["num_hidden_layers"]!, file.Keys.Number("qwen3vl.block_count"));
        Assert.Equal((int)text["hidden_size"]!, file.Keys.Number("qwen3vl.embedding_length"));
        Assert.Equal((double)text["rope_theta"]!, file.Keys.Real("qwen3vl.rope.freq_base"));
        Assert.Equal([4, 2, 2, 0], file.Keys.Integers("qwen3vl.rope.dimension_sections", 4)!);
        Assert.Equal(3, file.Keys.Number("qwen3vl.n_deepstack_layers"));
        Assert.DoesNotContain(file.Tensors, tensor => tensor.Name == "output.weight");   // the embedding is the head

        Assert.Equal("qwen2", file.Keys.Text("tokenizer.ggml.pre"));
        string[] tokens = file.Keys.Texts("tokenizer.ggml.tokens", 1 << 20, 1 << 14)!;
        int[] types = file.Keys.Integers("tokenizer.ggml.token_type", 1 << 20)!;
        Assert.Equal(((int)text["vocab_size"]!, tokens.Length), (tokens.Length, types.Length));
        int end = Array.IndexOf(tokens, "<|im_end|>");
        Assert.Equal((end, 3), ((int)file.Keys.Number("tokenizer.ggml.eos_token_id")!, types[end]));
        Assert.Equal(4, types[Array.IndexOf(tokens, "<tool_call>")]);   // added, and no mark
        Assert.Equal(3, types[Array.IndexOf(tokens, "<|fim_prefix|>")]);   // added, and a mark by its form
        Assert.Equal(($"[PAD{tokens.Length - 1}]", 5), (tokens[^1], types[^1]));
        Assert.Contains("Ġ t", file.Keys.Texts("tokenizer.ggml.merges", 1 << 20, 1 << 14)!);

        Assert.Equal("qwen3vl_merger", vision.Keys.Text("clip.projector_type"));
        Assert.Equal((int)config["vision_config"]!["depth"]!, vision.Keys.Number("clip.vision.block_count"));
        Assert.Equal(1e-6, vision.Keys.Real("clip.vision.attention.layer_norm_epsilon"));
    }

    [Fact]
    public void A_pruned_model_is_exported_by_its_new_numbers_and_says_where_they_come_from()
    {
        string pruned = _scratch.At("pruned");
        LayerRemoval.Prune(TinyCheckpoints.Tied, PruningPlan.Create(12, drop: [1, 4, 6], tune: [5]), pruned);
        ExportStage.Run(pruned, _target, "bf16");
        using var file = GgufFile.Open(Path.Combine(_target, "pruned-bf16.gguf"));
        using var parent = Checkpoint.Open(TinyCheckpoints.Tied);
        Assert.Equal(9, file.Keys.Number("qwen3vl.block_count"));
        Assert.Equal([0, 2, 3, 5, 7, 8, 9, 10, 11], file.Keys.Integers(ExportStage.KeptKey, 12)!);
        Assert.Equal(3, file.Keys.Number("qwen3vl.n_deepstack_layers"));
        var tensor = file.Tensors.Single(found => found.Name == "blk.4.ffn_up.weight");
        var (weights, entry) = parent.Find("model.language_model.layers.7.mlp.up_proj.weight");
        Assert.Equal(weights.Bytes(entry).ToArray(), file.Bytes(tensor, 0, (int)tensor.Bytes).ToArray());   // bfloat16 as it was
        Assert.DoesNotContain(file.Tensors, found => found.Name.StartsWith("blk.9.", StringComparison.Ordinal));
    }

    [Fact]
    public void An_exported_language_model_is_imported_again_as_it_was()
    {
        Assert.Equal(0, CommandRun.Of("export", TinyCheckpoints.Text, "--type", "f32", "--name", "tiny", "--out", _target).Code);
        string back = _scratch.At("back");
        var made = CommandRun.Of("import", Path.Combine(_target, "tiny-f32.gguf"), "--type", "bf16", "--out", back);
        Assert.True(made.Code == 0, made.Error);
        using var before = Checkpoint.Open(TinyCheckpoints.Text);
        using var after = Checkpoint.Open(back);
        Assert.Equal(before.Names.Order(StringComparer.Ordinal), after.Names.Order(StringComparer.Ordinal));
        foreach (string name in before.Names)
        {
            var (x, y) = (before.Find(name), after.Find(name));
            Assert.Equal(x.Entry.Shape, y.Entry.Shape);
            Assert.Equal(x.File.Bytes(x.Entry).ToArray(), y.File.Bytes(y.Entry).ToArray());
        }
    }

    [Theory]
    [InlineData("""{ "do_sample": true, "temperature": 0.7, "top_k": 20, "top_p": 0.8, "repetition_penalty": 1.05 }""",
        "temp 0.7, top_p 0.8, penalty_repeat 1.05, top_k 20")]
    [InlineData("""{ "do_sample": true, "temperature": 0.6, "top_p": null }""", "temp 0.6")]
    [InlineData("""{ "do_sample": true, "top_k": 0 }""", "top_k 0")]
    [InlineData("""{ "do_sample": false, "temperature": 0.7, "top_k": 20 }""", "")]
    [InlineData("""{ "do_sample": true }""", "")]
    [InlineData("{}", "")]
    public void How_the_makers_sample_goes_there_and_back_where_they_say_it(string settings, string expected)
    {
        string model = _scratch.Copy(TinyCheckpoints.Text, "model"), back = _scratch.At("back");
        File.WriteAllText(Path.Combine(model, "generation_config.json"), settings);
        ExportStage.Run(model, _target, "f16", "x");
        string path = Path.Combine(_target, "x-f16.gguf");
        using (var file = GgufFile.Open(path))
        {
            const string prefix = "general.sampling.";
            var names = file.Keys.Names.Where(key => key.StartsWith(prefix, StringComparison.Ordinal));
            double? Value(string key) => key == prefix + "top_k" ? file.Keys.Number(key) : file.Keys.Real(key);
            Assert.Equal(expected, string.Join(", ", names.Select(key => $"{key[prefix.Length..]} {Value(key)}")));
        }
        Assert.Equal(0, CommandRun.Of("import", path, "--out", back).Code);
        var found = CheckpointSampling.Read(back);
        Assert.Equal(expected.Length > 0 ? CheckpointSampling.Read(model) : CheckpointSampling.Read(_scratch.At("nothing")), found);
    }

    [Fact]
    public void Values_of_sampling_that_are_none_are_refused_on_the_way_there()
    {
        string model = _scratch.Copy(TinyCheckpoints.Text, "model");
        File.WriteAllText(Path.Combine(model, "generation_config.json"), """{ "do_sample": true, "top_p": 2 }""");
        string refused = CommandRun.Of("export", model, "--out", _target).Refusal();
        Assert.Contains("generation_config.json: top_p is 2", refused, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_target));
    }

    [Fact]
    public void Two_exports_give_the_same_bytes_and_the_same_model_is_not_exported_twice()
    {
        string other = _scratch.At("other");
        foreach (string folder in (string[])[_target, other]) ExportStage.Run(TinyCheckpoints.Tied, folder, "q8_0", "tiny");
        foreach (string name in Names())
            Assert.Equal(File.ReadAllBytes(Path.Combine(_target, name)), File.ReadAllBytes(Path.Combine(other, name)));

        string file = Path.Combine(_target, "tiny-q8_0.gguf"), vision = Path.Combine(_target, "mmproj-tiny-q8_0.gguf");
        DateTime written = File.GetLastWriteTimeUtc(vision);
        string[] again = ["export", TinyCheckpoints.Tied, "--type", "q8_0", "--name", "tiny", "--out", _target];
        Assert.Contains("already", CommandRun.Of(again).Error, StringComparison.Ordinal);
        File.Delete(file);   // a process that was killed between the two
        Assert.Equal(0, CommandRun.Of(again).Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(other, "tiny-q8_0.gguf")), File.ReadAllBytes(file));
        Assert.Equal(written, File.GetLastWriteTimeUtc(vision));
    }

    [Fact]
    public void Another_model_s_files_give_way_to_force_alone_and_others_never()
    {
        ExportStage.Run(TinyCheckpoints.Tied, _target, "f16", "x");
        string[] other = ["export", TinyCheckpoints.Text, "--name", "x", "--out", _target];
        Assert.Contains("--force", CommandRun.Of(other).Refusal(), StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of([.. other, "--force"]).Code);
        using (var file = GgufFile.Open(Path.Combine(_target, "x-f16.gguf"))) Assert.Equal("qwen3", file.Keys.Text("general.architecture"));

        File.WriteAllText(Path.Combine(_target, "x-f16.gguf"), "a note");
        Assert.Contains("did not make", CommandRun.Of([.. other, "--force"]).Refusal(), StringComparison.Ordinal);
        Assert.Equal("a note", File.ReadAllText(Path.Combine(_target, "x-f16.gguf")));
        Assert.Contains("no plain file name", CommandRun.Of("export", TinyCheckpoints.Text, "--name", "../x", "--out", _target).Refusal(),
            StringComparison.Ordinal);
        string type = CommandRun.Of("export", TinyCheckpoints.Text, "--type", "q4", "--out", _target).Refusal();
        Assert.Contains("expected f32, f16, bf16, q8_0", type, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_and_an_interruption_leave_nothing()
    {
        var full = Assert.Throws<InputException>(() => ExportStage.Run(TinyCheckpoints.Tied, _target, "f16", freeBytes: _ => 1000));
        Assert.Contains("its disk has", full.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_target));

        using var stop = new CancellationTokenSource();
        var progress = new ImmediateProgress(_ => stop.Cancel());
        Assert.Throws<OperationCanceledException>(() =>
            ExportStage.Run(TinyCheckpoints.Tied, _target, "f16", progress: progress, cancel: stop.Token));
        Assert.Empty(_scratch.Entries());
        Assert.Throws<InputException>(() => ExportStage.Run(TinyCheckpoints.Tied, Path.Combine(TinyCheckpoints.Tied, "gguf"), "f16"));
    }

    [Fact]
    public void One_process_at_a_time_writes_and_what_a_killed_one_left_is_written_over()
    {
        using (FolderLock.Take(_target))
        {
            var held = Assert.Throws<InputException>(() => ExportStage.Run(TinyCheckpoints.Text, _target, "f16", "x"));
            Assert.Contains("in use", held.Message, StringComparison.Ordinal);
        }
        Directory.CreateDirectory(_target);
        File.WriteAllText(Path.Combine(_target, "x-f16.gguf.partial"), "the beginning of a file");
        ExportStage.Run(TinyCheckpoints.Text, _target, "f16", "x");
        Assert.Equal(["x-f16.gguf"], Names());
    }

    private string[] Names() =>
        [.. Directory.EnumerateFileSystemEntries(_target).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static void Compare(Checkpoint checkpoint, string name, GgufFile file, string inFile, bool exact = false)
    {
        float[] expected = Values(checkpoint, name);
        var tensor = file.Tensors.Single(found => found.Name == inFile);
        float[] own = new float[tensor.Elements];
        file.Read(tensor, 0, own);
        Assert.Equal(checkpoint.Find(name).Entry.Shape, tensor.Shape);
        if (exact || tensor.Type.Name == "F32") Assert.Equal(expected, own);
        for (int i = 0; i < own.Length; i++)
        {
            // Half a step: of 10 bits, of 7 bits, or of the block and its scale's rounding.
            float size = Math.Abs(expected[i]), largest = expected.Skip(i / 32 * 32).Take(32).Max(MathF.Abs);
            float step = tensor.Type.Name switch
            {
                "F32" => 0,
                "F16" => size / 2048 + 3e-8f,
                "BF16" => size / 256,
                _ => largest / 127 * 0.51f + largest / 2000,
            };
            Assert.InRange(Math.Abs(own[i] - expected[i]), 0, step);
        }
    }

    private static float[] Values(Checkpoint checkpoint, string name)
    {
        var (file, entry) = checkpoint.Find(name);
        using Tensor tensor = ParameterSources.Load(file, entry, CPU).to(ScalarType.Float32);
        return [.. tensor.data<float>()];
    }
}
