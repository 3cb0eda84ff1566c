using System.Runtime.InteropServices;
using System.Text;
using Interlace.Data;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Ranks;
using Interlace.Vlm;

namespace Interlace.Evaluation.Asking;

/// <summary>Answers of one process, or of several, each of which takes the next row whenever it has room for one.</summary>
internal sealed class DealtAnswers
{
    /// <summary>Name of the task.</summary>
    public const string Task = "answers";

    private const int SkippedRows = -1;   // the number of the piece that holds their counts

    private readonly LoadedModel _loaded;
    private readonly Job _job;
    private readonly TableSet _tables;
    private readonly RowAsker _asker;

    /// <summary>On the leader calls the members.</summary>
    public DealtAnswers(LoadedModel loaded, Job job, TableSet tables)
    {
        (_loaded, _job, _tables, _asker) = (loaded, job, tables, new(loaded, job));
        if (job.Ranks is { Count: > 1, Leads: true }) job.Call(Task, loaded.Folder, []);
    }

    /// <summary>Some rows of a table.</summary>
    /// <param name="Table">0-based number of the table.</param>
    /// <param name="Alone">One after the other, and no longer than is compared.</param>
    /// <param name="Rows">0-based places among the rows that are asked of the table.</param>
    public sealed record Questions(int Table, bool Alone, int[] Rows);

    /// <summary>The answers as they end.</summary>
    /// <param name="questions">What is asked.</param>
    /// <param name="skipped">Where rows are counted that cannot be asked.</param>
    public IEnumerable<(Answer Answer, AnswerSeconds Seconds)> Of(Questions questions, SkipCounts skipped)
    {
        if (_job.Ranks.Count == 1)
        {
            foreach (var (_, answer, seconds) in Answers(questions, questions.Rows, skipped)) yield return (answer, seconds);
            yield break;
        }
        int[] order = [questions.Table, questions.Alone ? 1 : 0, .. questions.Rows];
        _job.Ranks.Collective.Broadcast(MemoryMarshal.AsBytes(order.AsSpan()).ToArray());
        foreach (var (piece, bytes) in Dealing.Lead(_job.Ranks, piece => piece < questions.Rows.Length, pieces => Share(questions, pieces),
            _job.Cancellation))
        {
            if (piece == SkippedRows) skipped.Merge(SkipCounts.Parse(Encoding.UTF8.GetString(bytes)));
            else yield return AnswerFile.Of(bytes);
        }
    }

    /// <summary>Lets the members go when everything is asked.</summary>
    public void Complete()
    {
        if (_job.Ranks.Count == 1) return;
        _job.Ranks.Collective.Broadcast([]);
        _job.Ranks.Complete();
    }

    /// <summary>A member's part, until the leader lets it go.</summary>
    public void Join()
    {
        while (MemoryMarshal.Cast<byte, int>(_job.Ranks.Collective.Broadcast([])).ToArray() is { Length: > 0 } order)
        {
            var questions = new Questions(order[0], order[1] == 1, order[2..]);
            Dealing.Join(_job.Ranks, pieces => Share(questions, pieces));
        }
    }

    private IEnumerable<(int Piece, byte[] Result)> Share(Questions questions, IEnumerable<int> pieces)
    {
        SkipCounts skipped = [];
        foreach (var (_, answer, seconds) in Answers(questions, pieces.Select(piece => questions.Rows[piece]), skipped))
            yield return (0, AnswerFile.ToBytes(answer, seconds));
        yield return (SkippedRows, Encoding.UTF8.GetBytes(skipped.ToJson()));
    }

    private IEnumerable<(int Place, Answer Answer, AnswerSeconds Seconds)> Answers(Questions questions, IEnumerable<int> places,
        SkipCounts skipped)
    {
        var (benchmark, table) = _tables.Tables[questions.Table];
        var settings = AskingSettings.Of(_job.Experiment.Evaluate!, benchmark);
        var generation = settings.Generation(questions.Alone ? 1 : _job.Experiment.Evaluate!.Slots, _loaded.Folder);
        if (questions.Alone) generation = generation with { MaxNewTokens = Math.Min(generation.MaxNewTokens, BatchCheck.Tokens) };
        return _asker.Answers(benchmark, table, settings.RowsOf(table), places, skipped, generation);
    }
}
