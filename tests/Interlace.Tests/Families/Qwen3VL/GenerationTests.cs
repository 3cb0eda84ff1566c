using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;

namespace Interlace.Tests.Families.Qwen3VL;

public class GenerationTests
{
    public static TheoryData<string> Checkpoints => [.. Goldens.Checkpoints.Where(name => File.Exists(Shared.At("fixtures/qwen3vl/generation", $"{name}.json")))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Checkpoints)), Trait("Category", "Golden")]
    public void Greedy_tokens_equal_the_reference_alone_and_batched(string checkpoint)
    {
        using var model = Goldens.Open(checkpoint);
        JsonNode recorded = Goldens.Recorded("generation", checkpoint);
        var samples = recorded["greedy"]!.AsObject().Where(s => !s.Key.StartsWith('_')).ToArray();
        EncodedSample[] prompts = [.. samples.Select(s => Goldens.Prompt(checkpoint, s.Key))];
        int[][] expected = [.. samples.Select(s => Goldens.Ints(s.Value!["generated_ids"]!))];
        Assert.Equal(samples.Select(s => s.Value!["prompt_length"]!.GetValue<int>()), prompts.Select(p => p.Length));
        foreach (int slots in new[] { 1, 2, 3, 16 })   // 2 and 3: places are taken over by waiting prompts
            Assert.Equal(expected, Answers(model, prompts, slots, Goldens.Ints(recorded["eos_token_ids"]!), recorded["max_new_tokens"]!.GetValue<int>()));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Checkpoints)), Trait("Category", "Golden")]
    public void A_stop_token_ends_its_answer_and_no_other(string checkpoint)
    {
        using var model = Goldens.Open(checkpoint);
        JsonNode recorded = Goldens.Recorded("generation", checkpoint), batch = recorded["batch_stop_on_custom_eos"]!;
        string[] names = [.. batch["samples"]!.AsArray().Select(n => n!.GetValue<string>())];
        int[] stop = Goldens.Ints(batch["eos_token_id"]!);
        int[][] expected = [.. batch["rows"]!.AsArray().Select(row => Goldens.Ints(row!)).Select(row => Array.FindIndex(row, stop.Contains) is >= 0 and int at ? row[..(at + 1)] : row)];
        EncodedSample[] prompts = [.. names.Select(name => Goldens.Prompt(checkpoint, name))];
        Assert.Equal(expected, Answers(model, prompts, 16, stop, recorded["max_new_tokens"]!.GetValue<int>()));
    }

    [Fact]
    public void Sampling_draws_the_same_answers_in_any_batch()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 5);
        var (model, prompts) = (prepared.Loaded.Model, prepared.Encoded(Enumerable.Range(0, 5)));
        var options = new GenerationOptions(MaxNewTokens: 12, Temperature: 0.7, TopK: 20, TopP: 0.8, PresencePenalty: 1.5, Seed: 5);
        int[][] Run(GenerationOptions options) => [.. new Generator(model, options, []).Run(prompts).OrderBy(a => a.Index).Select(a => a.Ids)];
        int[][] first = Run(options with { Slots = 1 });
        Assert.Equal(first, Run(options with { Slots = 8 }));
        Assert.NotEqual(first, Run(options with { Seed = 6 }));
        int[][] Seeded(EncodedSample[] asked, Func<int, ulong> seedOf) => [.. new Generator(model, options with { Slots = 3 }, []).Run(asked, seedOf: seedOf).OrderBy(a => a.Index).Select(a => a.Ids)];
        int[][] inOrder = Seeded(prompts, i => (ulong)i), backwards = Seeded([.. prompts.AsEnumerable().Reverse()], i => (ulong)(prompts.Length - 1 - i));
        Assert.Equal(inOrder, backwards.AsEnumerable().Reverse());
    }

    [Fact]
    public void Sampling_follows_the_distribution_it_is_given()
    {
        float[] logits = [0f, MathF.Log(2), MathF.Log(5), -50f];
        var random = new SplitMix64(1);
        var counts = new int[4];
        for (int i = 0; i < 8000; i++) counts[Sampling.Choose((float[])logits.Clone(), new GenerationOptions(Temperature: 1), [], [], ref random)]++;
        Assert.InRange(counts[0], 880, 1120);
        Assert.InRange(counts[1], 1860, 2140);
        Assert.InRange(counts[2], 4840, 5160);
        Assert.Equal(0, counts[3]);
        for (int i = 0; i < 200; i++) Assert.Equal(2, Sampling.Choose((float[])logits.Clone(), new GenerationOptions(Temperature: 1, TopP: 0.5), [], [], ref random));
        for (int i = 0; i < 200; i++) Assert.NotEqual(0, Sampling.Choose((float[])logits.Clone(), new GenerationOptions(Temperature: 1, TopK: 2), [], [], ref random));
    }

    [Fact]
    public void Penalties_count_prompt_and_answer_as_their_sources_do()
    {
        var random = new SplitMix64(1);
        Assert.Equal(1, Sampling.Choose([3f, 2.5f, 0f], new GenerationOptions(PresencePenalty: 1), [], [0, 0], ref random));
        Assert.Equal(0, Sampling.Choose([3f, 2.5f, 0f], new GenerationOptions(PresencePenalty: 1), [0], [], ref random));
        Assert.Equal(1, Sampling.Choose([3f, 2.5f, 0f], new GenerationOptions(RepetitionPenalty: 2), [0], [], ref random));
        Assert.Equal(1, Sampling.Choose([-1f, -1.5f, -9f], new GenerationOptions(RepetitionPenalty: 2), [0], [], ref random));
    }

    private static int[][] Answers(VisionLanguageModel model, EncodedSample[] prompts, int slots, int[] stop, int tokens) =>
        [.. new Generator(model, new GenerationOptions(MaxNewTokens: tokens, Slots: slots), stop).Run(prompts).OrderBy(a => a.Index).Select(a => a.Ids)];
}
