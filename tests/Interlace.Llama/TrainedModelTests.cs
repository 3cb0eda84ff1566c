using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Tests;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Tests.Importing;

namespace Interlace.Llama;

/// <summary>
/// Trained models of the golden material, imported, whole and pruned, exported and asked in llama.cpp. Some minutes:
/// <c>dotnet test -c Release --project tests/Interlace.Llama --filter-class '*TrainedModelTests*' --explicit only</c>.
/// </summary>
[Trait("Category", "Golden")]
public sealed class TrainedModelTests(ImportedModels models) : IClassFixture<ImportedModels>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Names => [.. ImportedModels.Names];

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Names))]
    public void Greedy_tokens_and_ids_are_the_reference_s(string name)
    {
        using var model = ExportedModel.Open(models.FolderOf(name), _scratch);
        foreach (var text in ImportedModels.Json(name, "tokens.json").AsArray().Where(text => !((string)text!["text"]!).Contains('\0')))
            Assert.Equal(Goldens.Ints(text!["ids"]!), model.Tokenize((string)text["text"]!));
        JsonNode prompts = ImportedModels.Json(name, "golden.json")["cases"]!;
        foreach (var (@case, golden) in prompts.AsObject()) Compare(model, @case, prompts, golden!["greedy32"]!);
    }

    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Names))]
    public void Greedy_tokens_of_pruned_models_are_the_reference_s(string name)
    {
        JsonNode prompts = ImportedModels.Json(name, "golden.json")["cases"]!;
        foreach (var (ratio, golden) in ImportedModels.Json(name, "pruned.json").AsObject())
        {
            int[] drop = Goldens.Ints(golden!["dropped_layers"]!);
            string folder = _scratch.At(ratio.TrimEnd('%'));
            LayerRemoval.Prune(models.FolderOf(name),
                PruningPlan.Create(drop.Length + golden["kept_layers"]!.AsArray().Count, drop, []), folder);
            using var model = ExportedModel.Open(folder, _scratch);
            foreach (var (@case, values) in golden["cases"]!.AsObject()) Compare(model, @case, prompts, values!["greedy32"]!);
        }
    }

    private static void Compare(LlamaModel model, string name, JsonNode prompts, JsonNode greedy)
    {
        int[] expected = Goldens.Ints(greedy["new_tokens"]!);
        int[] own = model.Greedy([new(Goldens.Ints(prompts[name]!["input_ids"]!), null)], expected.Length, []);
        Assert.Equal((name, string.Join(' ', expected)), (name, string.Join(' ', own)));
    }
}
