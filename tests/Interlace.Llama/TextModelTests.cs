using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Tests;
using Interlace.Tests.Families;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;

namespace Interlace.Llama;

/// <summary>The golden families whose decoders can be exported, whole and pruned: prompts of text alone in llama.cpp.</summary>
[Trait("Category", "Golden")]
public sealed class TextModelTests : IDisposable
{
    private const double OfLogits = 2e-3;   // as the material's README says

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    public static TheoryData<string, string> Cases =>
        [.. FamilyGoldens.Cases.Where(c => CanBeExported(c.Family)
            && FamilyGoldens.Golden(c.Family, c.Case)["image_files"] is null or JsonArray { Count: 0 })];

    public static TheoryData<string> Pruned =>
        [.. FamilyGoldens.Names.Where(name => CanBeExported(name) && Cases.Any(row => row.Data == (name, FamilyGoldens.FirstCase(name))))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases))]
    public void Logits_and_greedy_tokens_are_the_reference_s(string family, string name)
    {
        JsonNode golden = FamilyGoldens.Golden(family, name);
        using var model = ExportedModel.Open(FamilyGoldens.PathOf(family, FamilyGoldens.Published), _scratch);
        Assert.Equal(Ints(golden["input_ids"]!), model.Tokenize((string)golden["rendered_prompt"]!));
        Compare(model, golden, golden["greedy16"]!);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Pruned))]
    public void Greedy_tokens_of_pruned_models_are_the_reference_s(string family)
    {
        string folder = FamilyGoldens.PathOf(family, FamilyGoldens.Published);
        JsonNode golden = Shared.Json("fixtures/families", family, "pruned", "golden.json");
        int[] dropped = Ints(golden["dropped_layers"]!);
        int layers = dropped.Length + Ints(golden["kept_layers"]!).Length;
        LayerRemoval.Prune(folder, PruningPlan.Create(layers, dropped, []), _scratch.At("pruned"));
        using var model = ExportedModel.Open(_scratch.At("pruned"), _scratch);
        Compare(model, FamilyGoldens.Golden(family, (string)golden["case"]!), golden["greedy16"]!);
    }

    private static void Compare(LlamaModel model, JsonNode golden, JsonNode greedy)
    {
        int[] expected = Ints(greedy["new_tokens"]!);
        PromptPart[] prompt = [new(Ints(golden["input_ids"]!), null)];
        Assert.Equal(expected, model.Greedy(prompt, expected.Length, []));
        float largest = model.Logits(prompt).Max();
        Assert.Equal((double)greedy["top1_logit"]![0]!, largest, OfLogits);
    }

    private static bool CanBeExported(string family) =>
        FamilyTable.Find(StrictJson.ReadObject(FamilyGoldens.PathOf(family, FamilyGoldens.Published, "config.json"))) is { Gguf: not null };

    private static int[] Ints(JsonNode node) => [.. node.AsArray().Select(number => (int)number!)];
}
