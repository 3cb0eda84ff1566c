using System.Collections.Concurrent;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;
using TorchSharp;

namespace Interlace.Tests.Generation;

public sealed class ContinuousGeneratorTests : IDisposable
{
    private const int Count = 7;
    private readonly PreparedSamples _prepared = new(TinyCheckpoints.Tied, Count);
    private readonly LoadedModel _other = LoadedModel.Open(TinyCheckpoints.Untied, torch.CPU, torch.ScalarType.Float32);

    public void Dispose()
    {
        _prepared.Dispose();
        _other.Dispose();
    }

    /// <summary>Every prompt with settings of its own, greedy ones among drawn ones.</summary>
    private (EncodedSample Prompt, GenerationOptions Options)[] Asked =>
        [.. _prepared.Encoded(Enumerable.Range(0, Count)).Select((prompt, i) => (prompt, OptionsOf(i)))];

    private static GenerationOptions OptionsOf(int i)
    {
        var greedy = new GenerationOptions(MaxNewTokens: 5 + i, Seed: (ulong)i);
        return i % 2 == 0 ? greedy : greedy with { Temperature = 1.2, TopK = 30, TopP = 0.9, PresencePenalty = i % 4 == 1 ? 0.5 : 0 };
    }

    private int[] Alone(LoadedModel model, EncodedSample prompt, GenerationOptions options) =>
        new Generator(model.Model, options with { Slots = 1 }, [.. model.StopIds]).Run([prompt]).Single().Ids;

    [Theory, InlineData(1), InlineData(3), InlineData(16)]
    public async Task Answers_of_two_models_with_settings_of_their_own_are_those_of_each_alone(int slots)
    {
        var models = new[] { _prepared.Loaded, _other };
        using var generator = new ContinuousGenerator(models, new(slots));
        var tokens = new ConcurrentDictionary<(int, int), List<int>>();
        var answers = await Task.WhenAll(Enumerable.Range(0, 2 * Count).Select(async n =>
        {
            await Task.Delay(n * 7 % 5, TestContext.Current.CancellationToken);   // they arrive while others are answered
            var (model, place) = (n % 2, n / 2);
            var heard = tokens[(model, place)] = [];
            return (model, place, Answer: await generator.Ask(model, Asked[place].Prompt, Asked[place].Options, id =>
            {
                heard.Add(id);
                return true;
            })!);
        }));
        foreach (var (model, place, answer) in answers)
        {
            Assert.Equal(Alone(models[model], Asked[place].Prompt, Asked[place].Options), answer.Ids);
            Assert.Equal(answer.Reason == FinishReason.Stop ? answer.Ids[..^1] : answer.Ids, tokens[(model, place)]);
            Assert.True(answer.Prefill > TimeSpan.Zero);
        }
        for (int model = 0; model < 2; model++) Assert.Equal((0, 0), (generator.Active(model), generator.Waiting(model)));
    }

    [Fact]
    public async Task Whoever_leaves_frees_the_place_and_changes_no_other_answer()
    {
        using var generator = new ContinuousGenerator([_prepared.Loaded], new(Slots: 1));
        using var leaving = new CancellationTokenSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var endless = generator.Ask(0, Asked[0].Prompt, new(MaxNewTokens: 100_000), _ =>
        {
            begun.TrySetResult();
            return true;
        }, leaving.Token)!;
        await begun.Task;
        using var tired = new CancellationTokenSource();
        var waiting = generator.Ask(0, Asked[1].Prompt, Asked[1].Options, _ => true, tired.Token)!;
        var next = generator.Ask(0, Asked[2].Prompt, Asked[2].Options, _ => true)!;
        await tired.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal((1, 1, false), (generator.Active(0), generator.Waiting(0), next.IsCompleted));
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
        Assert.Equal(Alone(_prepared.Loaded, Asked[2].Prompt, Asked[2].Options), (await next).Ids);
    }

    [Fact]
    public async Task An_answer_ends_where_its_listener_has_heard_enough()
    {
        using var generator = new ContinuousGenerator([_prepared.Loaded], new());
        int heard = 0;
        int[] whole = Alone(_prepared.Loaded, Asked[1].Prompt, Asked[1].Options);
        var answer = await generator.Ask(0, Asked[1].Prompt, Asked[1].Options, _ => ++heard < 3)!;
        Assert.Equal((3, FinishReason.Stop), (heard, answer.Reason));
        Assert.Equal(whole[..3], answer.Ids);
        await Assert.ThrowsAsync<NotSupportedException>(() =>
            generator.Ask(0, Asked[1].Prompt, Asked[1].Options, _ => throw new NotSupportedException())!);
        Assert.Equal(whole, (await generator.Ask(0, Asked[1].Prompt, Asked[1].Options, _ => true)!).Ids);
    }

    [Fact]
    public async Task No_more_than_the_bound_may_wait_and_the_end_cancels_them()
    {
        var generator = new ContinuousGenerator([_prepared.Loaded], new(Slots: 1, MostWaiting: 2));
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Generated>[] asked = [.. Enumerable.Range(0, 3).Select(_ =>
            generator.Ask(0, Asked[0].Prompt, new(MaxNewTokens: 100_000), _ => begun.TrySetResult() || true)!)];
        await begun.Task;
        Assert.Null(generator.Ask(0, Asked[0].Prompt, new(), _ => true));
        Assert.Equal((1, 2), (generator.Active(0), generator.Waiting(0)));
        generator.Dispose();
        foreach (var answer in asked) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        Assert.Throws<ObjectDisposedException>(() => { _ = generator.Ask(0, Asked[0].Prompt, new(), _ => true); });
    }
}
