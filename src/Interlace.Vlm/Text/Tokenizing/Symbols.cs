using System.Buffers;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>The symbols of one piece, and their merging: a linked list, in which the right one of two joined symbols disappears.</summary>
internal sealed class Symbols(int most) : IDisposable
{
    private const int None = -1;
    private const int Few = 32;   // so many are scanned for the best pair faster than a queue of pairs is kept

    private readonly Symbol[] _symbols = ArrayPool<Symbol>.Shared.Rent(most);
    private int _count;
    private Token? _pending;

    /// <summary>A character or byte that is a token.</summary>
    public void Add(Token token)
    {
        AddPending();
        AddByte(token);
    }

    /// <summary>A byte of a character that is no token. The reference does not add an unknown token before it yet.</summary>
    public void AddByte(Token token) =>
        _symbols[_count++] = new() { Id = token.Id, Start = token.Start, End = token.End, Next = None, Rank = int.MaxValue };

    /// <summary>What has no token; neighbouring ones become one unknown token where they fuse.</summary>
    public void AddUnknown(Token token, bool fuses)
    {
        if (!fuses) AddPending();
        _pending = _pending is { } pending ? pending with { End = token.End } : token;
    }

    /// <summary>Adds the unknown token that may yet have gone on.</summary>
    public void AddPending()
    {
        if (_pending is { } pending) AddByte(pending);
        _pending = null;
    }

    /// <summary>Joins pairs by their rank, of equal ones the leftmost first.</summary>
    public Token[] Merge(MergeTable merges)
    {
        if (_count == 0) return [];
        for (int i = 0; i < _count; i++) (_symbols[i].Previous, _symbols[i].Next) = (i - 1, i + 1 < _count ? i + 1 : None);
        for (int i = 0; i < _count; i++) Rate(i, merges);
        if (_count <= Few) Scan(merges);
        else Queue(merges);
        return Tokens();
    }

    public void Dispose() => ArrayPool<Symbol>.Shared.Return(_symbols);

    private void Scan(MergeTable merges)
    {
        while (true)
        {
            int best = 0;
            for (int i = 0; i != None; i = _symbols[i].Next)
                if (_symbols[i].Rank < _symbols[best].Rank) best = i;
            if (_symbols[best].Rank == int.MaxValue) return;
            Join(best, merges);
        }
    }

    private void Queue(MergeTable merges)
    {
        var queue = new PriorityQueue<(int At, int Rank), long>(_count);
        for (int i = 0; i < _count; i++) Enqueue(i);
        while (queue.TryDequeue(out var best, out _))
        {
            if (_symbols[best.At].Rank != best.Rank) continue;   // one of the two has changed since
            Join(best.At, merges);
            Enqueue(best.At);
            if (_symbols[best.At].Previous is not None and int previous) Enqueue(previous);
        }

        void Enqueue(int at)
        {
            int rank = _symbols[at].Rank;
            if (rank != int.MaxValue) queue.Enqueue((at, rank), (long)rank << 32 | (uint)at);
        }
    }

    /// <summary>Joins a symbol with the next one.</summary>
    private void Join(int at, MergeTable merges)
    {
        ref Symbol left = ref _symbols[at];
        ref Symbol right = ref _symbols[left.Next];
        (left.Id, left.End, left.Next) = (left.Joined, right.End, right.Next);
        right.Rank = int.MaxValue;
        if (left.Next != None) _symbols[left.Next].Previous = at;
        Rate(at, merges);
        if (left.Previous != None) Rate(left.Previous, merges);
    }

    /// <summary>Looks up what a symbol and the next one become.</summary>
    private void Rate(int at, MergeTable merges)
    {
        ref Symbol left = ref _symbols[at];
        left.Rank = int.MaxValue;
        if (left.Next == None) return;
        if (merges.Find(left.Id, _symbols[left.Next].Id) is { } merge) (left.Rank, left.Joined) = (merge.Rank, merge.Id);
    }

    private Token[] Tokens()
    {
        int count = 0;
        for (int i = 0; i != None; i = _symbols[i].Next) count++;
        var tokens = new Token[count];
        for (int i = 0, t = 0; i != None; i = _symbols[i].Next) tokens[t++] = new(_symbols[i].Id, _symbols[i].Start, _symbols[i].End);
        return tokens;
    }

    private struct Symbol
    {
        public int Id, Start, End, Previous, Next;

        /// <summary>Of the pair with the next symbol, and what it becomes; <see cref="int.MaxValue"/> where it does not join.</summary>
        public int Rank, Joined;
    }
}
