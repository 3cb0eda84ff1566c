using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Interlace.Ranks;

/// <summary>
/// Work in numbered pieces, dealt to whoever asks next: no rank waits for a slower one. What comes of a piece must not depend on who does
/// it; results reach the leader in any order, with their numbers.
/// </summary>
public static class Dealing
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// The leader's part, within what it has called the members to: deals, works itself, and gives all results as they come.
    /// </summary>
    /// <param name="group">The ranks.</param>
    /// <param name="isWanted">Whether a piece is to be done, asked by several threads; pieces are numbered from 0.</param>
    /// <param name="work">Asks for pieces as it needs them and gives a result for each, in any order; the same on all ranks.</param>
    /// <param name="cancellation">Nobody is waited for any more.</param>
    /// <param name="together">Pieces that a member gets for one request: small ones would have it wait for messages.</param>
    public static IEnumerable<(int Piece, byte[] Result)> Lead(RankGroup group, Func<int, bool> isWanted,
        Func<IEnumerable<int>, IEnumerable<(int Piece, byte[] Result)>> work, CancellationToken cancellation, int together = 1)
    {
        int next = -1;
        int? Take() => Interlocked.Increment(ref next) is var piece && isWanted(piece) ? piece : null;
        IEnumerable<int> Own()
        {
            while (Take() is { } piece) yield return piece;
        }
        if (group.Count == 1)
        {
            foreach (var result in work(Own())) yield return result;
            yield break;
        }
        var results = new BlockingCollection<(int, byte[])>();   // not disposed: a postman that nobody waits for may still hold it
        bool stopped = false;
        IEnumerable<int> Dealt()
        {
            for (int i = 0; i < together && !Volatile.Read(ref stopped) && Take() is { } piece; i++) yield return piece;
        }
        var postman = Task.Factory.StartNew(() => Deliver(group, Dealt, results), CancellationToken.None,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (var own in work(Own()))
            {
                while (results.TryTake(out var other)) yield return other;
                yield return own;
            }
            foreach (var other in results.GetConsumingEnumerable(cancellation)) yield return other;
        }
        finally
        {
            Volatile.Write(ref stopped, true);
            if (!cancellation.IsCancellationRequested) postman.GetAwaiter().GetResult();   // the others come to the end of their pieces
        }
    }

    /// <summary>
    /// The same with pieces of which nobody knows how many there are: whoever comes to the end says so. Results come in the order of their
    /// pieces, up to the one that is the last.
    /// </summary>
    /// <param name="group">The ranks.</param>
    /// <param name="work">As of <see cref="Lead"/>; the first byte of a result is <see cref="More"/> or <see cref="Last"/>.</param>
    /// <param name="cancellation">Nobody is waited for any more.</param>
    public static IEnumerable<byte[]> InOrder(RankGroup group, Func<IEnumerable<int>, IEnumerable<(int Piece, byte[] Result)>> work,
        CancellationToken cancellation)
    {
        var waiting = new Dictionary<int, byte[]>();
        int next = 0, last = int.MaxValue;
        foreach (var (piece, result) in Lead(group, piece => piece <= Volatile.Read(ref last), work, cancellation))
        {
            if (piece > last) continue;
            waiting[piece] = result;
            if (result[0] == Last) Volatile.Write(ref last, piece);
            while (next <= last && waiting.Remove(next, out byte[]? following))
            {
                next++;
                yield return following;
            }
        }
    }

    /// <summary>The elements of a sequence that pieces are, by their places in it; null behind its end.</summary>
    /// <param name="sequence">The same on all ranks; gone over once.</param>
    /// <param name="pieces">Places, ascending.</param>
    public static IEnumerable<(int Piece, T? Element)> At<T>(IEnumerable<T> sequence, IEnumerable<int> pieces) where T : class
    {
        using var elements = sequence.GetEnumerator();
        int at = -1;
        foreach (int piece in pieces)
        {
            bool there = true;
            while (at < piece && (there = elements.MoveNext())) at++;
            yield return (piece, there ? elements.Current : null);
        }
    }

    /// <summary>Begins a result behind which there may be others, and one behind which there is none.</summary>
    public const byte More = 0, Last = 1;

    /// <summary>A member's part: the same work, its results sent to the leader.</summary>
    public static void Join(RankGroup group, Func<IEnumerable<int>, IEnumerable<(int Piece, byte[] Result)>> work)
    {
        IEnumerable<int> Asked()
        {
            while (true)
            {
                group.Send(0, MessageKind.Request, []);
                var (_, kind, content) = group.Next();
                if (kind == MessageKind.NoPiece) yield break;
                foreach (byte[] piece in content.Chunk(sizeof(int))) yield return BinaryPrimitives.ReadInt32LittleEndian(piece);
            }
        }
        foreach (var (piece, result) in work(Asked())) group.Send(0, MessageKind.Result, Numbered(piece, result));
        group.Send(0, MessageKind.Dealt, []);
    }

    /// <summary>Answers requests and takes results in until every member is done.</summary>
    private static void Deliver(RankGroup group, Func<IEnumerable<int>> take, BlockingCollection<(int, byte[])> results)
    {
        try
        {
            for (int working = group.Count - 1; working > 0;)
            {
                if (group.Receive() is not var (from, kind, content))
                {
                    Thread.Sleep(Pause);
                    continue;
                }
                if (kind == MessageKind.Dealt) working--;
                else if (kind == MessageKind.Result) results.Add((BinaryPrimitives.ReadInt32LittleEndian(content), content[sizeof(int)..]));
                else if (take().SelectMany(Number).ToArray() is { Length: > 0 } pieces) group.Send(from, MessageKind.Piece, pieces);
                else group.Send(from, MessageKind.NoPiece, []);
            }
        }
        finally
        {
            results.CompleteAdding();
        }
    }

    private static byte[] Number(int piece)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, piece);
        return bytes;
    }

    private static byte[] Numbered(int piece, byte[] result) => [.. Number(piece), .. result];
}
