using Interlace.Tests.Cases;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public sealed class ModuleNamesTests : IDisposable
{
    private const string Layers = "model.language_model.layers.";

    private readonly Checkpoint _checkpoint = Checkpoint.Open(ModelCopy.Original);   // 16 layers

    /// <summary>Layers 4 and 9 go: 10 becomes 8.</summary>
    private ModuleNames Names =>
        field ??= new("config.json", DecoderLayout.Of(_checkpoint), _checkpoint.Names, [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]);

    public void Dispose() => _checkpoint.Dispose();

    [Theory]
    [InlineData(Layers + "10.mlp.up_proj", Layers + "8.mlp.up_proj")]
    [InlineData(Layers + "10", Layers + "8")]
    [InlineData(Layers + "10.mlp.act_fn", Layers + "8.mlp.act_fn")]   // a module without weights
    [InlineData("language_model.model.layers.10.mlp", "language_model.model.layers.8.mlp")]
    [InlineData(Layers + "9.mlp.up_proj", null)]
    [InlineData("language_model.layers.4.self_attn", null)]
    [InlineData(Layers + "99.mlp", Layers + "99.mlp")]   // no layer then, no layer now
    [InlineData("lm_head", "lm_head")]
    [InlineData("model.visual.blocks.4.attn.qkv", "model.visual.blocks.4.attn.qkv")]
    [InlineData("q_proj", "q_proj")]
    [InlineData("8", "8")]
    [InlineData("int8", "int8")]
    [InlineData(@"re:.*layers\.\d+\.mlp\.(gate|up)_proj$", @"re:.*layers\.\d+\.mlp\.(gate|up)_proj$")]
    [InlineData(@"re:.*layers\.[0-3]\..*", @"re:.*layers\.[0-3]\..*")]   // what keeps its number
    [InlineData("*.mlp.*", "*.mlp.*")]
    [InlineData("*", "*")]
    public void What_is_certain_is_carried_over(string text, string? expected) => Assert.Equal(expected, Names.Renumber(text));

    [Theory]
    [InlineData(Layers + "1")]   // for some programs the beginning of 10 to 15
    [InlineData(@"re:.*layers\.10\..*")]
    [InlineData(@"re:model\.layers\.(12|13)\.mlp")]
    [InlineData("*layers.15*")]
    [InlineData(@"-:.*\.12\..*")]
    public void What_is_not_is_refused_by_name(string text) =>
        Assert.Contains(text, Assert.Throws<InputException>(() => Names.Renumber(text)).Message);
}
