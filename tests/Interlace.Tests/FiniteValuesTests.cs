using Interlace.Tests.Cases;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Tests;

public class FiniteValuesTests
{
    [Fact]
    public void Only_numbers_are_finite()
    {
        using var scope = NewDisposeScope();
        Assert.True(FiniteValues.In(tensor(new[] { 0f, -1f, float.MaxValue })));
        Assert.False(FiniteValues.In(tensor(new[] { 0f, float.NaN })));
        Assert.False(FiniteValues.In(tensor(new[] { float.NegativeInfinity, 0f })));
    }

    [Fact]
    public void A_sound_model_has_no_fault()
    {
        using var loaded = LoadedModel.Open(ModelCopy.Original, CPU, ScalarType.Float32);
        using var batch = Batch.Pack([new EncodedSample([1, 2, 3], [TokenKind.Prompt, TokenKind.Prompt, TokenKind.Prompt],
            [[0, 1, 2], [0, 1, 2], [0, 1, 2]], 3, [])], CPU);
        Assert.Null(FiniteValues.First(loaded.Model, batch));
    }
}
