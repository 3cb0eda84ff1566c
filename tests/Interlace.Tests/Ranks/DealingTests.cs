using System.Collections.Concurrent;
using Interlace.Ranks;

namespace Interlace.Tests.Ranks;

/// <summary>Pieces of work dealt to whoever asks next.</summary>
public class DealingTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void Every_piece_is_done_once_whoever_does_it(int ranks)
    {
        ConcurrentBag<(int Rank, int Piece)> done = [];
        IEnumerable<(int, byte[])> Work(RankGroup group, IEnumerable<int> pieces)
        {
            foreach (int piece in pieces)
            {
                done.Add((group.Rank, piece));
                Thread.Sleep(piece % 3);
                yield return (piece, [(byte)(piece * 2)]);
            }
        }
        var results = MemoryRanks.Run(ranks,
            group => Dealing.Lead(group, piece => piece < 40, pieces => Work(group, pieces), CancellationToken.None).ToArray(),
            group => Dealing.Join(group, pieces => Work(group, pieces)));
        Assert.Equal(Enumerable.Range(0, 40), results.Select(result => result.Piece).Order());
        Assert.All(results, result => Assert.Equal([(byte)(result.Piece * 2)], result.Result));
        Assert.Equal(Enumerable.Range(0, 40), done.Select(piece => piece.Piece).Order());
        if (ranks > 1) Assert.Equal(ranks, done.Select(piece => piece.Rank).Distinct().Count());
    }

    [Theory, InlineData(1, 0), InlineData(1, 7), InlineData(3, 0), InlineData(3, 1), InlineData(3, 25)]
    public void Pieces_without_a_known_number_come_in_order_up_to_the_last(int ranks, int count)
    {
        IEnumerable<(int, byte[])> Work(IEnumerable<int> pieces)
        {
            foreach (int piece in pieces)
            {
                Thread.Sleep((piece * 7) % 4);
                yield return (piece, [piece < count ? Dealing.More : Dealing.Last, (byte)piece]);
            }
        }
        byte[][] results = MemoryRanks.Run(ranks,
            group => Dealing.InOrder(group, Work, CancellationToken.None).ToArray(),
            group => Dealing.Join(group, Work));
        Assert.Equal(Enumerable.Range(0, count + 1), results.Select(result => (int)result[1]));
        Assert.Equal(Dealing.Last, results[^1][0]);
    }

    [Fact]
    public void Whoever_stops_early_lets_the_others_come_to_their_ends()
    {
        static IEnumerable<(int, byte[])> Work(IEnumerable<int> pieces) => pieces.Select(piece => (piece, new byte[] { Dealing.More }));
        int seen = MemoryRanks.Run(3, group => Dealing.InOrder(group, Work, CancellationToken.None).Take(10).Count(),
            group => Dealing.Join(group, Work));
        Assert.Equal(10, seen);
    }
}
