using Interlace.Tests.Training;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;
using Generator = Interlace.Vlm.Generation.Generator;

namespace Interlace.Tests.Blocks;

/// <summary>Large bf16 weights stay in the file where fp32 is computed, and the model is the one that has them in fp32.</summary>
public sealed class HeldWeightsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public HeldWeightsTests() => Assert.SkipUnless(NarrowWeights.Stay([16_384, 64]), "weights are not held narrow here");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Large_matrices_lie_in_the_file_and_others_are_widened()
    {
        using var loaded = LoadedModel.Open(TinyCheckpoints.Broad, CPU, ScalarType.Float32);
        var narrow = loaded.Model.Parameters.Where(parameter => parameter.Value.dtype == ScalarType.BFloat16);
        Assert.Equal(loaded.Model.Layers.Count * 3, narrow.Count());
        Assert.All(narrow, parameter => Assert.Contains(".mlp.", parameter.Name, StringComparison.Ordinal));
        var (file, entry) = Checkpoint.Open(TinyCheckpoints.Broad).Find(narrow.First().Name);
        using (file) Assert.Equal(file.Bytes(entry).ToArray(), narrow.First().Value.bytes.ToArray());
        using var narrowest = LoadedModel.Open(TinyCheckpoints.Broad, CPU, ScalarType.BFloat16);
        Assert.All(narrowest.Model.Parameters, parameter => Assert.Equal(ScalarType.BFloat16, parameter.Value.dtype));
    }

    [Theory, InlineData(ElementType.BF16), InlineData(ElementType.F16), InlineData(ElementType.F32)]
    public void A_weight_is_held_as_it_is_stored_where_that_is_narrower(ElementType stored)
    {
        long[] large = [2048, 1024], small = [256, 256];
        Assert.Equal(stored.ToScalarType(), ParameterSources.Held(stored, large, CPU, ScalarType.Float32));
        Assert.Equal(ScalarType.Float32, ParameterSources.Held(stored, small, CPU, ScalarType.Float32));
        Assert.Equal(ScalarType.BFloat16, ParameterSources.Held(stored, large, CPU, ScalarType.BFloat16));
        Assert.Equal(ScalarType.Float32, ParameterSources.Held(stored, large, META, ScalarType.Float32));
    }

    [Fact]
    public void A_batch_goes_whole_through_a_model_with_large_matrices()
    {
        using var broad = LoadedModel.Open(TinyCheckpoints.Broad, CPU, ScalarType.Float32);
        using var narrow = LoadedModel.Open(TinyCheckpoints.Tied, CPU, ScalarType.Float32);
        Assert.Equal((1, 2), (broad.Model.Parts, narrow.Model.Parts));
    }

    [Fact]
    public void Many_rows_go_through_a_layer_a_few_at_a_time()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var loaded = LoadedModel.Open(TinyCheckpoints.Broad, CPU, ScalarType.Float32);
        var model = loaded.Model;
        using var batch = Batch.Pack([LossGradientTests.Conversation((int)RowBlocks.Few)], CPU);   // as many again, and one more
        List<long> seen = [];   // whoever looks on sees all rows at once
        using Pass whole = model.NewPass(batch, observe: (_, input) => seen.Add(input.shape[0])), some = model.NewPass(batch);
        using var x = model.Embed(batch).X;
        Tensor all = model.Layers[0].Forward(x, whole, 0), parts = model.Layers[0].Forward(x, some, 0);
        Assert.Equal(RowBlocks.Few, some.RowsAtOnce);
        Assert.True(batch.TokenCount > 2 * RowBlocks.Few);
        Assert.Equal(model.Layers[0].Linears.Select(_ => (long)batch.TokenCount), seen);
        AssertNear(all, parts);
    }

    [Fact]
    public void States_answers_and_gradients_are_those_of_a_model_with_wide_weights()
    {
        using var scope = NewDisposeScope();
        using var prepared = new PreparedSamples(TinyCheckpoints.Broad, 5);
        using var wide = LoadedModel.Open(Widened(), CPU, ScalarType.Float32);
        var (own, other) = (prepared.Loaded.Model, wide.Model);
        Assert.DoesNotContain(other.Parameters, parameter => parameter.Value.dtype != ScalarType.Float32);
        using var batch = Batch.Pack(prepared.Encoded(0, 1, 2, 3, 4), CPU);
        using (no_grad()) AssertNear(other.Logits(other.Hidden(batch)), own.Logits(own.Hidden(batch)));

        EncodedSample[] prompts = prepared.Encoded(1, 3, 4);
        int[][] Answers(VisionLanguageModel model) =>
            [.. new Generator(model, new(MaxNewTokens: 12, Slots: 2), new HashSet<int>()).Run(prompts).Select(a => a.Ids.ToArray())];
        Assert.Equal(Answers(other), Answers(own));

        foreach (var model in new[] { own, other }) TrainedParameters.Of(model, [1, 4]);
        double loss = new LossGradient(own).Accumulate(batch, 1), expected = new LossGradient(other).Accumulate(batch, 1);
        Assert.Equal(expected, loss, 1e-5 * expected);
        foreach (var (found, right) in own.Parameters.Zip(other.Parameters).Where(pair => pair.Second.IsTrainable))
            AssertNear(right.Value.grad!, found.Value.grad!);
    }

    /// <summary>The same weights in fp32.</summary>
    private string Widened()
    {
        string folder = _scratch.Copy(TinyCheckpoints.Broad, "wide");
        using var scope = NewDisposeScope();
        TensorSource[] tensors;
        using (var narrow = Checkpoint.Open(TinyCheckpoints.Broad))
        {
            tensors = [.. narrow.Names.Select(narrow.Find).Select(found => TensorSource.FromTensor(found.Entry.Name,
                ParameterSources.Load(found.File, found.Entry, CPU, ScalarType.Float32), ElementType.F32))];
        }
        foreach (string file in Directory.EnumerateFiles(folder, "*.safetensors*")) File.Delete(file);
        CheckpointWriter.Write(folder, [tensors]);
        return folder;
    }

    private static void AssertNear(Tensor expected, Tensor actual) => Engine.Kernels.KernelCases.AssertNear(expected, actual, 2e-5);
}
