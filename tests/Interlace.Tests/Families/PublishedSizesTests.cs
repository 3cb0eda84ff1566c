using Interlace.Vlm;

namespace Interlace.Tests.Families;

/// <summary>
/// Published models, by the numbers in their configurations: the tensors that are asked for add up to the parameters that they are
/// published with. Nothing of their files is needed.
/// </summary>
public class PublishedSizesTests
{
    [Theory]
    [InlineData("Qwen3-VL-2B", 2_127_532_032)]
    [InlineData("Qwen3-VL-4B", 4_437_815_808)]
    [InlineData("Qwen3-VL-8B", 8_767_123_696)]
    [InlineData("Qwen3-VL-32B", 33_357_390_064)]
    [InlineData("Qwen3-VL-30B-A3B", 31_070_754_032)]
    [InlineData("Qwen3-VL-235B-A22B", 235_670_022_896)]
    [InlineData("Qwen2.5-VL-3B", 3_754_622_976)]
    [InlineData("Qwen2.5-VL-7B", 8_292_166_656)]
    [InlineData("Qwen2-VL-2B", 2_208_985_600)]
    [InlineData("Qwen2-VL-7B", 8_291_375_616)]
    [InlineData("LLaVA-1.5-7B", 7_063_427_072)]
    [InlineData("LLaVA-OneVision-7B", 8_030_348_832)]
    [InlineData("InternVL3-8B", 7_944_373_760)]
    [InlineData("InternVL3-38B", 38_388_164_992)]
    [InlineData("InternVL3-78B", 78_408_318_336)]
    [InlineData("SmolVLM-256M", 256_484_928)]
    [InlineData("SmolVLM-500M", 507_482_304)]
    [InlineData("SmolVLM-2.2B", 2_246_272_880)]
    [InlineData("Gemma-3-1B", 999_885_952)]
    [InlineData("Gemma-3-4B", 4_300_079_472)]
    [InlineData("Gemma-3-12B", 12_187_325_040)]
    [InlineData("Gemma-3-27B", 27_432_406_640)]
    [InlineData("Llama-3.2-1B", 1_235_814_400)]
    [InlineData("Qwen3-8B", 8_190_735_360)]
    public void Tensors_add_up_to_the_published_parameters(string model, long parameters)
    {
        using var scratch = new ScratchFolder();
        PublishedConfigs.Write(model, scratch.Path);
        var expected = ModelTensors.Expected(scratch.Path);
        long own = expected.Values.Sum(shape => shape.Aggregate(1L, (all, n) => all * n));
        Assert.True(parameters == own, $"{model}: {own} parameters, {parameters} are published");
    }
}
