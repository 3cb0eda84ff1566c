using Interlace.Vlm;
using Interlace.Vlm.Generation;
using static TorchSharp.torch;

namespace Interlace.Tests.Generation;

public class CandidatesTests
{
    private const int Vocabulary = 300;

    public static TheoryData<double, int, double, double, double> Options => new()
    {
        { 0, 0, 1, 1.5, 1 }, { 0, 0, 1, 0, 1.3 }, { 0, 0, 1, -2, 0.5 }, { 0.7, 20, 0.8, 1.5, 1 }, { 1.2, 5, 1, 0, 1.1 },
        { 1, 1, 0.5, -1, 0.8 }, { 3, 40, 0.95, 0, 1 },
    };

    [Theory, MemberData(nameof(Options))]
    public void Choosing_among_the_few_is_choosing_among_all(double temperature, int topK, double topP, double presence, double repetition)
    {
        var options = new GenerationOptions(Temperature: temperature, TopK: topK, TopP: topP, PresencePenalty: presence,
            RepetitionPenalty: repetition);
        var random = new SplitMix64(7);
        for (int round = 0; round < 30; round++)
        {
            using var scope = NewDisposeScope();
            // Coarse numbers, so that many are equal, zeros of both signs among them.
            ScalarType type = round % 2 == 0 ? ScalarType.BFloat16 : ScalarType.Float32;
            float[] numbers = [.. Enumerable.Range(0, 2 * Vocabulary)
                .Select(_ => (random.Next(33) - 16) / (random.Next(2) == 0 ? 4f : -4f))];
            Tensor logits = tensor(numbers).view(2, Vocabulary).to(type);
            HashSet<int>[] prompts = [Some(5), Some(0)], answers = [Some(3), Some(9)];
            int[][] penalised = [.. prompts.Zip(answers, (prompt, answer) => Sampling.Penalised(options, prompt, answer))];
            int count = Candidates.Count(options, penalised.Max(ids => ids.Length))!.Value;
            var few = Candidates.Of(logits, count, penalised);
            for (int row = 0; row < 2; row++)
            {
                ulong seed = (ulong)random.Next(1000);
                SplitMix64 one = new(seed), other = new(seed);
                float[] all = logits[row].to(ScalarType.Float32).data<float>().ToArray();
                Assert.True(few[row].IsFinite);
                Assert.Equal(Sampling.Choose(all, options, prompts[row], answers[row], ref one),
                    Sampling.ChooseAmong(few[row].Ids, few[row].Logits, options, prompts[row], answers[row], ref other));
                Assert.Equal(one.NextDouble(), other.NextDouble());   // the sequence goes on from the same place
            }
        }

        HashSet<int> Some(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(Vocabulary))];
    }

    [Fact]
    public void The_likeliest_come_with_their_logits_and_equal_ones_by_lower_id()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor(new[] { -3f, 2f, -0f, 2f, 0f, -1e-30f, 2f, -7f }).view(1, 8);
        var row = Assert.Single(Candidates.Of(logits, 2, [[7, 5]]));
        Assert.Equal([1, 3, 5, 7], row.Ids);
        Assert.Equal([2f, 2f, -1e-30f, -7f], row.Logits);
        Assert.Equal([1, 2, 3, 6], Assert.Single(Candidates.Of(logits, 4, [[]])).Ids);   // -0 and 0 are equal
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity)]
    public void What_is_no_number_is_told(float wrong)
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor(new[] { 1f, 2, 3, 4, wrong, 6 }).view(2, 3);
        Assert.Equal([true, false], Candidates.Of(logits, 1, [[], []]).Select(row => row.IsFinite));
    }

    [Fact]
    public void Any_token_can_be_chosen_where_a_temperature_comes_without_a_number()
    {
        Assert.Null(Candidates.Count(new GenerationOptions(Temperature: 1, TopP: 0.5), 0));
        Assert.Equal(24, Candidates.Count(new GenerationOptions(Temperature: 1, TopK: 20), 4));
        Assert.Equal(5, Candidates.Count(new GenerationOptions(PresencePenalty: 1), 4));
    }
}
