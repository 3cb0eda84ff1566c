using System.Text.Json.Nodes;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public class LossGradientTests
{
    [Theory]
    [InlineData(4, true, true)]
    [InlineData(4, true, false)]
    [InlineData(4, false, true)]
    [InlineData(4, false, false)]
    [InlineData(2, true, true)]    // the last DeepStack level enters behind the last layer
    [InlineData(2, false, false)]
    public void Gradients_of_all_parameters_equal_those_of_one_pass_through_the_whole_model(int layers, bool tied, bool recompute)
    {
        using var scope = NewDisposeScope();
        using var model = Random(layers, tied);
        foreach (var parameter in model.Parameters) parameter.Train();
        using var batch = Batch.Pack([Conversation(5, (2, 1)), Conversation(9, (1, 1)), Conversation(4)], CPU);

        var plain = Plain(model, batch, out double expected);
        double loss = new LossGradient(model, recompute, headRows: 3).Accumulate(batch, Scale);

        Assert.Equal(expected, loss, 1e-4 * expected);
        Assert.Equal(plain.Keys, model.Parameters.Where(p => p.Value.grad is not null).Select(p => p.Name));
        Assert.Equal(model.Parameters.Count, plain.Count);
        foreach (var parameter in model.Parameters)
        {
            double norm = plain[parameter.Name].norm().item<float>(), difference = (parameter.Value.grad! - plain[parameter.Name]).norm().item<float>();
            Assert.True(norm > 0 && difference <= 1e-4 * norm, $"{parameter.Name}: {difference} of {norm}");
        }
    }

    [Fact]
    public void Activations_that_are_kept_change_no_bit()
    {
        using var scope = NewDisposeScope();
        using var model = Random(4, tied: true);
        foreach (var parameter in model.Parameters) parameter.Train();
        using var batch = Batch.Pack([Conversation(5, (2, 1)), Conversation(9, (1, 1)), Conversation(4)], CPU);
        byte[][] Gradients(long keptBytes)
        {
            new LossGradient(model, headRows: 3) { KeptBytes = keptBytes }.Accumulate(batch, Scale);
            byte[][] bytes = [.. model.Parameters.Select(parameter => parameter.Value.grad!.bytes.ToArray())];
            foreach (var parameter in model.Parameters) parameter.Value.grad!.zero_();
            return bytes;
        }
        byte[][] expected = Gradients(0);
        long layer = MemoryEstimate.LayerGraph(model, batch.TokenCount);
        foreach (long bytes in new[] { layer - 1, layer, 2 * layer, 3 * layer + 1, 5 * layer, long.MaxValue })
            Assert.Equal(expected, Gradients(bytes));
    }

    [Theory]
    [InlineData(4, new int[0], true)]
    [InlineData(4, new int[0], false)]
    [InlineData(4, new[] { 1, 3 }, true)]
    [InlineData(4, new[] { 3 }, false)]
    [InlineData(2, new[] { 1 }, true)]    // the last DeepStack level enters behind the last layer
    public void Gradients_of_the_projector_alone_and_with_layers_equal_those_of_one_pass(int layers, int[] tuned, bool recompute)
    {
        using var scope = NewDisposeScope();
        using var model = Random(layers, tied: true);
        var trained = TrainedParameters.Of(model, tuned, projector: true);
        Assert.All(model.Projector, parameter => Assert.Contains(parameter.Name.Split('.')[2], new[] { "merger", "deepstack_merger_list" }));
        Assert.Equal(3 * 6 + tuned.Length * 11, trained.Parameters.Count);   // the merger and two of DeepStack
        foreach (bool shows in new[] { true, false })   // and a batch without an image, which does not reach the projector
        {
            var (first, second) = shows ? (Conversation(5, (2, 1)), Conversation(9, (1, 1))) : (Conversation(5), Conversation(9));
            using var batch = Batch.Pack([first, second, Conversation(4)], CPU);
            if (tuned.Length == 0 && !shows)
            {
                new LossGradient(model, recompute, headRows: 3).Accumulate(batch, Scale);
                Assert.All(trained.Parameters, parameter => Assert.Equal(0, parameter.Value.grad!.abs().max().item<float>()));
                continue;
            }
            var plain = Plain(model, batch, out double expected);
            double loss = new LossGradient(model, recompute, headRows: 3).Accumulate(batch, Scale);
            Assert.Equal(expected, loss, 1e-4 * expected);
            foreach (var parameter in trained.Parameters)
            {
                double norm = plain[parameter.Name].norm().item<float>(), difference = (parameter.Value.grad! - plain[parameter.Name]).norm().item<float>();
                bool reached = shows || !model.Projector.Contains(parameter);
                Assert.True(reached == norm > 0 && difference <= 1e-4 * norm, $"{parameter.Name}: {difference} of {norm}");
            }
            foreach (var parameter in trained.Parameters) parameter.Value.grad!.zero_();
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Parts_give_what_the_whole_gives_and_the_same_bytes_on_any_number_of_threads(bool shows)
    {
        using var scope = NewDisposeScope();
        using var model = Random(4, tied: true);
        var trained = TrainedParameters.Of(model, [1, 3], projector: true);
        EncodedSample first = shows ? Conversation(5, (2, 1)) : Conversation(5), second = shows ? Conversation(9, (1, 1)) : Conversation(9);
        using Batch whole = Batch.Pack([first, second, Conversation(4)], CPU), one = Batch.Pack([first], CPU),
            other = Batch.Pack([second, Conversation(4)], CPU);
        var gradient = new LossGradient(model, headRows: 3);
        List<int> passed = [];
        Tensor[] Gradients(out double loss, params Batch[] parts)
        {
            passed.Clear();
            loss = gradient.Accumulate(parts, Scale, 0, (layer, isLast) =>
            {
                if (isLast) passed.Add(layer);
            }).Answers;
            return [.. trained.Parameters.Select(parameter =>
            {
                if (parameter.Value.grad is not { } reached) return zeros_like(parameter.Value);   // the projector, without an image
                Tensor copy = reached.clone();
                reached.zero_();
                return copy;
            })];
        }
        Tensor[] expected = Gradients(out double sum, whole), serial = Gradients(out double parts, one, other);
        Assert.Equal(sum, parts, 1e-5 * sum);
        foreach (var (all, inParts) in expected.Zip(serial))
            Assert.True((all - inParts).norm().item<float>() <= 1e-5 * all.norm().item<float>());
        for (int time = 0; time < 20; time++)
        {
            double again = 0;
            Tensor[] found = [];
            Interlace.Vlm.Engine.Kernels.Workers.Within(2, () => found = Gradients(out again, one, other));
            Assert.Equal(parts, again);
            Assert.All(serial.Zip(found), pair => Assert.Equal(pair.First.bytes.ToArray(), pair.Second.bytes.ToArray()));
            Assert.Equal(shows ? [3, 2, 1, 0] : [3, 2, 1], passed);
        }
    }

    [Fact]
    public void The_tower_below_a_trained_projector_runs_without_a_graph()
    {
        using var scope = NewDisposeScope();
        using var model = Random(3, tied: true);
        TrainedParameters.Of(model, [], projector: true);
        using var batch = Batch.Pack([Conversation(5, (2, 1))], CPU);
        var graphs = new Dictionary<string, bool>();
        var (x, pass) = model.Embed(batch, observe: (name, value) => graphs[name] = value.requires_grad);
        using (pass) Assert.True(x.requires_grad);
        Assert.Equal(["vision.deepstack.0", "vision.deepstack.1", VisionLanguageModel.VisionEnds, "inputs_embeds"],
            graphs.Where(graph => graph.Value).Select(graph => graph.Key));
        Assert.Contains("vision.blocks.2.output", graphs.Keys);
    }

    [Fact]
    public void A_second_batch_adds_to_the_gradients()
    {
        using var scope = NewDisposeScope();
        using var model = Random(3, tied: true);
        foreach (var parameter in model.Parameters) parameter.Train();
        var gradient = new LossGradient(model);
        using var batch = Batch.Pack([Conversation(6, (1, 2))], CPU);
        gradient.Accumulate(batch, Scale);
        var once = model.Parameters.ToDictionary(p => p.Name, p => p.Value.grad!.clone());
        gradient.Accumulate(batch, Scale);
        foreach (var parameter in model.Parameters)
            Assert.True((parameter.Value.grad! - once[parameter.Name].Times(2)).norm().item<float>() <= 1e-5 * once[parameter.Name].norm().item<float>(), parameter.Name);
    }

    private const double Scale = 0.25;

    private static Dictionary<string, Tensor> Plain(VisionLanguageModel model, Batch batch, out double loss)
    {
        Tensor rows = model.Hidden(batch).index_select(0, batch.AnswerRows);
        Tensor sum = nn.functional.cross_entropy(model.Logits(rows), batch.AnswerIds, reduction: nn.Reduction.Sum);
        sum.Times(Scale).backward();
        loss = sum.item<float>();
        var gradients = model.Parameters.Where(p => p.Value.grad is not null).ToDictionary(p => p.Name, p => p.Value.grad!.clone());
        foreach (var parameter in model.Parameters) parameter.Value.grad?.zero_();
        return gradients;
    }

    internal static VisionLanguageModel Random(int layers, bool tied, ulong seed = 3)
    {
        var random = new SplitMix64(seed);
        ParameterSource source = (name, shape) =>
        {
            float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
            float centre = name.Contains("norm", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0;
            for (int i = 0; i < values.Length; i++) values[i] = centre + 0.4f * (float)(random.NextDouble() - 0.5);
            return new Parameter(name, tensor(values).view(shape));
        };
        var config = JsonNode.Parse($$"""
            {
              "model_type": "qwen3_vl", "tie_word_embeddings": {{(tied ? "true" : "false")}},
              "text_config": { "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": {{layers}}, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 50,
                "rope_theta": 10000.0, "rope_scaling": { "rope_type": "default", "mrope_interleaved": true, "mrope_section": [2, 2, 2] } },
              "vision_config": { "hidden_size": 16, "intermediate_size": 24, "depth": 3, "num_heads": 2, "patch_size": 8, "spatial_merge_size": 2, "temporal_patch_size": 2,
                "num_position_embeddings": 16, "out_hidden_size": 24, "deepstack_visual_indexes": [0, 1] }
            }
            """)!.AsObject();
        string folder = Path.Combine(Shared.Repository, "assets", "demo", "model");   // mean and deviation of the pixels
        var family = Qwen3VLFamily.Row;
        return VisionLanguageModel.Create(
            family, family.Parts!, new ModelConfig(folder, config), [], source, CPU, ScalarType.Float32, weights: null);
    }

    /// <summary>Some prompt, one image of so many visual tokens where wanted, as many prompt as answer tokens; ids and pixels follow from the length.</summary>
    internal static EncodedSample Conversation(int length, (int Rows, int Columns)? image = null)
    {
        var random = new SplitMix64((ulong)length);
        var (ids, kinds, axes) = (new List<int>(), new List<TokenKind>(), new[] { new List<int>(), new List<int>(), new List<int>() });
        var images = new List<VisualInput>();
        int next = 0;
        void Add(TokenKind kind, int h, int w)
        {
            ids.Add(random.Next(50));
            kinds.Add(kind);
            axes[0].Add(next);
            axes[1].Add(next + h);
            axes[2].Add(next + w);
        }
        void Text(TokenKind kind)
        {
            Add(kind, 0, 0);
            next++;
        }
        Text(TokenKind.Prompt);
        if (image is { } grid)
        {
            byte[] pixels = new byte[grid.Rows * grid.Columns * 16 * 16 * 3];
            for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)random.Next(256);
            var picture = new RgbImage(grid.Columns * 16, grid.Rows * 16, pixels);
            images.Add(VisualInput.Whole(picture, picture, grid.Rows * grid.Columns));
            for (int h = 0; h < grid.Rows; h++)
                for (int w = 0; w < grid.Columns; w++) Add(TokenKind.Image, h, w);
            next += Math.Max(grid.Rows, grid.Columns);
        }
        // An answer right behind an image is predicted at a visual token: only there does what enters behind the last layer matter.
        for (int i = 0; i < 2 * length; i++) Text(i < length == image is null ? TokenKind.Prompt : TokenKind.Answer);
        return new([.. ids], [.. kinds], [.. axes.Select(a => a.ToArray())], next, images);
    }
}
