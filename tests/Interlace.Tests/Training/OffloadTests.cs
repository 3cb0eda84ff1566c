using System.Text.Json.Nodes;
using Interlace.Experiments;
using Interlace.Ranks;
using Interlace.Tests.Cli;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3VL;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

/// <summary>What lies outside a device's memory, and that nothing else depends on it.</summary>
public sealed class OffloadTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Tuning_gives_the_same_files_whatever_lies_where()
    {
        var tuning = new ShortTuning(_scratch);
        string[] learning = ["finetune.distill=0.5", $"finetune.parent={TinyCheckpoints.Tied}"];
        foreach (var (name, settings) in new[] { ("plain", (string[])[]), ("learning", learning), ("kept", ["finetune.recompute=false"]) })
        {
            string none = tuning.Run($"{name}-none", settings), all = tuning.Run($"{name}-all", [.. settings, "finetune.offload=all"]);
            ShortTuning.AssertAlike(none, all);
        }
    }

    [Fact]
    public void All_but_trained_layers_stay_in_the_file()
    {
        Assert.Empty(OffloadedLayers.Of(new(Offload: "optimizer"), [1], 3));
        Assert.Equal([0, 2], OffloadedLayers.Of(new(Offload: "all"), [1], 3).Order());
        Assert.Equal([0, 1, 2], OffloadedLayers.Of(new(Offload: "all", Lora: 4), [1], 3).Order());
    }

    [Theory, InlineData(false, false), InlineData(true, false), InlineData(true, true)]
    public void Layers_come_with_the_weights_of_the_file_and_go_again(bool behind, bool broad)
    {
        using var scope = NewDisposeScope();
        string folder = broad ? TinyCheckpoints.Broad : TinyCheckpoints.Tied;
        using var loaded = LoadedModel.Open(folder, CPU, ScalarType.Float32, elsewhere: l => l is 3 or 4);
        using var whole = LoadedModel.Open(folder, CPU, ScalarType.Float32);
        using var calls = new InTurn(behind, waits: true);
        var layers = new OffloadedLayers(loaded.Model, new HashSet<int> { 3, 4 }, calls);
        foreach (int l in new[] { 2, 3, 4, 5, 4, 3 })   // up, and down again
        {
            layers.With(l, l + 1, () =>
            {
                foreach (var (here, there) in loaded.Model.Layers[l].Parameters.Zip(whole.Model.Layers[l].Parameters))
                {
                    Assert.Equal(there.Value.dtype, here.Value.dtype);
                    Assert.True(here.Value.eq(there.Value).all().item<bool>());
                }
                return empty(0);
            });
            if (l is 3 or 4) Assert.True(loaded.Model.Layers[l].Parameters[0].Value.isnan().all().item<bool>());
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void An_update_is_the_same_wherever_the_moments_lie(bool lean)
    {
        Assert.Equal(Updated(offload: false), Updated(offload: true));

        float[] Updated(bool offload)
        {
            using var scope = NewDisposeScope();
            ScalarType type = lean ? ScalarType.BFloat16 : ScalarType.Float32;
            Parameter[] parameters = [.. new[] { 700, 33 }.Select((n, i) =>
                new Parameter($"p{i}", tensor(Enumerable.Range(0, n).Select(at => at / (float)n).ToArray())))];
            foreach (var parameter in parameters) parameter.Train(type);
            using IOptimiser optimiser = lean ? new LeanAdamW(parameters, seed: 3, offload: offload)
                : new AdamW(parameters, weightDecay: 0.1, offload: offload);
            for (int step = 0; step < 3; step++)
            {
                foreach (var (i, parameter) in parameters.Index())
                    parameter.Value.grad = parameter.Value.detach().Times(step + 1).cos().Times(i + 1);
                optimiser.Step(1e-2);
            }
            return [.. parameters.SelectMany(p => p.Value.detach().to(ScalarType.Float32).data<float>().ToArray())];
        }
    }

    [Fact]
    public void For_8B_at_a_quarter_on_24_GB_settings_that_fit_are_proposed()
    {
        using var model = Shape("8b", layers: 27);
        int[] tuned = [.. Enumerable.Range(0, 9).Select(i => 3 * i + 1)];
        using var tuner = new FineTuner(model, tuned, new FineTuneOptions(), _scratch.At("run"), "");
        const long card = 24L << 30;
        Assert.True(tuner.Memory.Total > card);
        Assert.Contains("with finetune.offload=all it would need", tuner.TooLarge(card), StringComparison.Ordinal);
        Assert.True(Of("all").Total < card);
        Assert.Equal(0, tuner.Memory.Host);

        MemoryEstimate Of(string offload) => MemoryEstimate.For(model, tuner.Tuned, new(Offload: offload));
        Assert.Equal(8 * tuner.Tuned.Count, Of("optimizer").Host);
        Assert.Equal(Of("none").Masters - Of("optimizer").Host, Of("optimizer").Masters);
        long layer = model.Layers[0].Parameters.Sum(p => p.Value.numel());
        Assert.Equal(Of("none").Weights - (27 - 9 - 2) * layer * 2, Of("all").Weights);
        Assert.Contains("of the machine's", Of("all").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_word_is_refused()
    {
        var run = CommandRun.Of("finetune", TinyCheckpoints.Tied, "--data", "none", "--out", _scratch.At("out"), "--set",
            "finetune.offload=disk");
        Assert.Equal(2, run.Code);
        Assert.Contains("finetune.offload", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A model of a published shape whose weights have sizes and no values, on a device that is no CPU.</summary>
    private VisionLanguageModel Shape(string name, int layers)
    {
        string shapes = Path.Combine(Shared.Repository, "bench/Interlace.Bench/Shapes");
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(shapes, $"{name}.json")))!;
        json["text_config"]!["num_hidden_layers"] = layers;
        foreach (string id in (string[])["image", "video", "vision_start", "vision_end"]) json[$"{id}_token_id"] = 151_655;
        Directory.CreateDirectory(_scratch.At("shape"));
        File.Copy(Path.Combine(shapes, "preprocessor_config.json"), _scratch.At("shape/preprocessor_config.json"));
        File.WriteAllText(_scratch.At("shape/config.json"), json.ToJsonString());
        var family = Qwen3VLFamily.Row;
        return VisionLanguageModel.Create(family, family.Parts!, ModelConfig.Read(_scratch.At("shape")), [],
            (name, sizes) => new Parameter(name, empty(sizes, ScalarType.BFloat16, META)), META, ScalarType.BFloat16, null);
    }
}
