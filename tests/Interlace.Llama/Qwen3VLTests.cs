using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Tests;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Vlm.Inputs;

namespace Interlace.Llama;

/// <summary>The golden checkpoints with images, whole and pruned, exported and asked in llama.cpp.</summary>
[Trait("Category", "Golden")]
public sealed class Qwen3VLTests : IDisposable
{
    /// <summary>
    /// Where the two likeliest tokens are so near to each other in the reference, the runtime's rounding may choose either: an answer may
    /// end its agreement there. Logits of prompts with images differ by more than this.
    /// </summary>
    private const double Tie = 0.02;

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    public static TheoryData<string> Checkpoints =>
        [.. Goldens.Checkpoints.Where(name => File.Exists(Shared.At("fixtures/qwen3vl/generation", $"{name}.json")))];

    public static TheoryData<string, string> Variants =>
        [.. from name in Goldens.Checkpoints
            where File.Exists(Shared.At("fixtures/qwen3vl/pruned", $"{name}.json"))
            from variant in Goldens.Recorded("pruned", name)["variants"]!.AsObject()
            select (name, variant.Key)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Checkpoints))]
    public void Greedy_tokens_are_the_reference_s(string checkpoint)
    {
        JsonNode recorded = Goldens.Recorded("generation", checkpoint);
        using var model = ExportedModel.Open(Goldens.PathOf(checkpoint), _scratch);
        Compare(model, checkpoint, recorded["greedy"]!);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Variants))]
    public void Greedy_tokens_of_pruned_models_are_the_reference_s(string checkpoint, string variant)
    {
        JsonNode golden = Goldens.Recorded("pruned", checkpoint)["variants"]![variant]!, plan = golden["plan"]!;
        int layers = plan["kept_original_indices"]!.AsArray().Count + plan["dropped"]!.AsArray().Count;
        LayerRemoval.Prune(Goldens.PathOf(checkpoint),
            PruningPlan.Create(layers, Goldens.Ints(plan["dropped"]!), Goldens.Ints(plan["tuned"]!)), _scratch.At("pruned"));
        using var model = ExportedModel.Open(_scratch.At("pruned"), _scratch);
        Assert.Equal(golden["num_hidden_layers"]!.GetValue<int>(), model.LayerCount);
        Compare(model, checkpoint, golden["greedy"]!);
    }

    private static void Compare(LlamaModel model, string checkpoint, JsonNode greedy)
    {
        JsonNode recorded = Goldens.Recorded("generation", checkpoint);
        int[] stops = Goldens.Ints(recorded["eos_token_ids"]!);
        foreach (var (name, golden) in greedy.AsObject().Where(sample => !sample.Key.StartsWith('_')))
        {
            EncodedSample prompt = Goldens.Prompt(checkpoint, name);
            int[] expected = Goldens.Ints(golden!["generated_ids"]!);
            int[] own = model.Greedy(model.Prompt(prompt), recorded["max_new_tokens"]!.GetValue<int>(), stops);
            int same = expected.AsSpan().CommonPrefixLength(own);
            double[]? margins = golden["top1_minus_top2_logit"] is { } recordedMargins ? Goldens.Doubles(recordedMargins) : null;
            Assert.True(same == expected.Length && own.Length == same || margins?[same] < Tie,
                $"{name}: {string.Join(' ', expected)} expected, {string.Join(' ', own)} found");
        }
    }
}
