using Interlace.Data;
using Interlace.Tests.Ranks;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;

namespace Interlace.Tests.Training;

/// <summary>Steps of outlines: each of two ranks opens the samples that are its own.</summary>
public class TrainingStepsTests
{
    [Fact]
    public void A_rank_opens_its_share_of_every_step()
    {
        Assert.Equal(3, Steps(Outline).Count);
        Assert.All(Steps(Outline), step => Assert.Equal(2, step.Own.Sum(batch => batch.Parts.Sum(part => part.Count))));
    }

    [Fact]
    public void A_sample_that_fails_is_named_with_its_reason_and_nothing_is_made_of_its_step()
    {
        var steps = Steps(index => Outline(index) with
        {
            Open = () => index == 4 ? (null, SkipReason.UndecodableImage) : (Outline(index).Encoded, null),
        });
        Assert.Equal([false, true, false], steps.Select(step => step.Failing.Count > 0));
        Assert.Equal(SkipReason.UndecodableImage, steps[1].Failing[4]);
        Assert.Empty(steps[1].Own);
    }

    [Fact]
    public void A_refusal_comes_out_as_it_was_thrown()
    {
        var refusal = new InputException("Row 7 cannot be used.");
        Assert.Same(refusal, Assert.Throws<InputException>(() => Steps(index => Outline(index) with { Open = () => throw refusal })));
    }

    private static IReadOnlyList<TrainingStep> Steps(Func<int, LoadedSample> sample) => MemoryRanks.Run(2,
        leader => new TrainingSteps(new BatchOptions(SamplesPerStep: 4), trainsAllText: false, leader.Collective, parts: 2)
            .Of(Enumerable.Range(0, 12).Select(sample), [], CancellationToken.None).ToArray(), _ => { });

    private static LoadedSample Outline(int index)
    {
        int[] positions = [0, 1, 2];
        var encoded = new EncodedSample([1, 2, 3], [TokenKind.Prompt, TokenKind.Answer, TokenKind.Answer], [positions], 3, []);
        return new(index, "set", "shard", index, encoded) { Open = () => (encoded, null) };
    }
}
