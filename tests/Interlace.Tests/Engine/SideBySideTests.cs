using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine;

public class SideBySideTests
{
    [Theory, InlineData(1), InlineData(3), InlineData(6)]
    public void A_part_adds_behind_the_one_before_it_and_has_its_share_of_the_threads(int threads)
    {
        Assert.SkipUnless(Workers.AreOurs, "the engine's threads cannot be told apart here");
        Workers.Within(threads, () =>
        {
            List<(int Step, int Part)> added = [];
            int caller = Environment.CurrentManagedThreadId, last = 0;
            SideBySide.Run(3, turn =>
            {
                Assert.Equal(threads == 6 ? 2 : 1, get_num_threads());
                if (turn.Index == 2) last = Environment.CurrentManagedThreadId;
                for (int step = 4; step >= 0; step--)
                {
                    turn.Wait(step);
                    lock (added) added.Add((step, turn.Index));
                    turn.Pass(step);
                }
            });
            Assert.Equal(caller, last);
            Assert.Equal(threads, get_num_threads());
            Assert.Equal(15, added.Count);
            Assert.All(Enumerable.Range(0, 5),
                step => Assert.Equal([0, 1, 2], added.Where(one => one.Step == step).Select(one => one.Part)));
        });
    }

    [Theory, InlineData(1, 0), InlineData(3, 0), InlineData(1, 1), InlineData(3, 1), InlineData(3, 2)]
    public void What_fails_in_one_ends_all_and_is_thrown(int threads, int failing)
    {
        Assert.SkipUnless(Workers.AreOurs, "the engine's threads cannot be told apart here");
        Workers.Within(threads, () =>
        {
            var thrown = Assert.Throws<InvalidDataException>(() => SideBySide.Run(3, turn =>
            {
                if (turn.Index == failing) throw new InvalidDataException("one part");
                turn.Wait(0);
                turn.Pass(0);
                turn.Wait(int.MinValue);
            }));
            Assert.Equal("one part", thrown.Message);
        });
    }
}
