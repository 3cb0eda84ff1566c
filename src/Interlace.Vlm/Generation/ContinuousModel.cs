using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Generation;

/// <summary>One model of a <see cref="ContinuousGenerator"/>: those who wait for a place, and those who are being answered.</summary>
internal sealed class ContinuousModel(LoadedModel loaded, ContinuousOptions options) : IDisposable
{
    private readonly LinkedList<AwaitedConversation> _waiting = new();
    private DecodingBatch? _batch;                                       // none while there is nothing to do: its cache is freed
    private volatile int _active;

    public int Active => _active;

    public int Waiting
    {
        get
        {
            lock (_waiting) return _waiting.Count;
        }
    }

    public bool IsIdle => Waiting == 0 && _batch is null;

    /// <summary>Lets a conversation wait for a place; false where too many do.</summary>
    public bool Add(AwaitedConversation conversation)
    {
        lock (_waiting)
        {
            if (_waiting.Count + _active >= options.Slots + options.MostWaiting) return false;
            _waiting.AddLast(conversation);
            return true;
        }
    }

    /// <summary>Reads what has arrived, or gives everybody a token. A fault of the model ends all that are in flight, no more.</summary>
    public void Turn()
    {
        ForgetThoseWhoLeft();
        if (IsIdle) return;
        try
        {
            _batch ??= new DecodingBatch(loaded.Model, loaded.StopIds.ToHashSet(), options.Slots, options.PrefillTokens);
            EndThoseWhoAreDone(_batch);                                    // who left since: their places are free for this turn
            var room = _batch.NewRoom();
            var arrivals = Take(room);
            if (arrivals.Count > 0 || _batch.Active.Count > 0) Turn(_batch, arrivals, room);
            if (_batch.Active.Count == 0) Close();
        }
        catch (Exception e)
        {
            foreach (var conversation in _batch?.Active.Cast<AwaitedConversation>() ?? []) conversation.Fail(e);
            Close();
        }
    }

    /// <summary>Ends everything that is waiting or in flight.</summary>
    public void Dispose()
    {
        var why = new OperationCanceledException("The generator has ended.");
        lock (_waiting)
        {
            foreach (var conversation in _waiting) conversation.Fail(why);
            _waiting.Clear();
        }
        foreach (var conversation in _batch?.Active.Cast<AwaitedConversation>() ?? []) conversation.Fail(why);
        Close();
    }

    private void Turn(DecodingBatch batch, List<AwaitedConversation> arrivals, Room room)
    {
        try
        {
            foreach (var conversation in batch.Turn(arrivals, room).Cast<AwaitedConversation>())
                if (conversation.Fault is null && !batch.Stopped(conversation)) conversation.Tell();
        }
        catch (Exception e)
        {
            foreach (var conversation in arrivals) conversation.Fail(e);   // they may not be in the batch yet
            throw;
        }
        EndThoseWhoAreDone(batch);
    }

    private void EndThoseWhoAreDone(DecodingBatch batch)
    {
        (ActiveConversation Conversation, FinishReason? Reason)[] over = [.. batch.Retire()];
        _active = batch.Active.Count;
        if (over.Length == 0) return;
        try
        {
            loaded.Model.CheckUnchanged();
            foreach (var (conversation, reason) in over) ((AwaitedConversation)conversation).End(reason);
        }
        catch (Exception e)
        {
            foreach (var (conversation, _) in over) ((AwaitedConversation)conversation).Fail(e);
            throw;
        }
    }

    private List<AwaitedConversation> Take(Room room)
    {
        var arrivals = new List<AwaitedConversation>();
        lock (_waiting)
        {
            while (_waiting.First is { } first && room.Takes(first.Value.Prompt.Length))
            {
                arrivals.Add(first.Value);
                _waiting.RemoveFirst();
            }
            _active += arrivals.Count;
        }
        return arrivals;
    }

    private void ForgetThoseWhoLeft()
    {
        lock (_waiting)
        {
            for (var node = _waiting.First; node is not null;)
            {
                var next = node.Next;
                if (node.Value.IsGivenUp)
                {
                    node.Value.End(null);
                    _waiting.Remove(node);
                }
                node = next;
            }
        }
    }

    private void Close()
    {
        _batch?.Dispose();
        _batch = null;
        _active = 0;
    }
}
