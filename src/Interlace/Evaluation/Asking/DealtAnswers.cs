using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    private const string SizesName = "table_bytes";

    private const int RowsTogether = 8;   // few enough that no rank has much left when the others are done

    private readonly LoadedModel _loaded;
    private readonly Job _job;
    private readonly TableSet _tables;
    private readonly RowAsker _asker;

    /// <summary>On the leader calls the members.</summary>
    public DealtAnswers(LoadedModel loaded, Job job, TableSet tables)
    {
        (_loaded, _job, _tables, _asker) = (loaded, job, tables, new(loaded, job));
        if (job.Ranks is { Count: > 1, Leads: true })
            job.Call(Task, loaded.Folder, new() { [SizesName] = JsonSerializer.SerializeToNode(tables.Sizes) });
    }

    /// <summary>Rows of all tables, which are pieces in their order: who is done with a table goes on with the next.</summary>
    /// <param name="Alone">One after the other, and no longer than is compared.</param>
    /// <param name="Rows">0-based places among the rows that are asked of each table, ascending.</param>
    public sealed record Questions(bool Alone, IReadOnlyList<int[]> Rows)
    {
        private readonly int[] _firsts = [.. Rows.Index().Select(table => Rows.Take(table.Index).Sum(rows => rows.Length))];

        /// <summary>Number of pieces.</summary>
        public int Count { get; } = Rows.Sum(rows => rows.Length);

        /// <summary>The table and the row of a piece.</summary>
        public (int Table, int Row) this[int piece]
        {
            get
            {
                int table = Array.FindLastIndex(_firsts, first => first <= piece);   // the last of several: those before are empty
                return (table, Rows[table][piece - _firsts[table]]);
            }
        }

        /// <summary>As the leader tells the members.</summary>
        public byte[] ToBytes() => MemoryMarshal.AsBytes<int>(
            [Alone ? 1 : 0, .. Rows.SelectMany(rows => (IEnumerable<int>)[rows.Length, .. rows])]).ToArray();

        /// <summary>What <see cref="ToBytes"/> wrote.</summary>
        public static Questions Of(ReadOnlySpan<int> numbers)
        {
            List<int[]> tables = [];
            for (int at = 1; at < numbers.Length; at += 1 + numbers[at]) tables.Add(numbers.Slice(at + 1, numbers[at]).ToArray());
            return new(numbers[0] == 1, tables);
        }
    }

    /// <summary>The answers as they end, each with the number of its table.</summary>
    /// <param name="questions">What is asked.</param>
    /// <param name="skipped">Where rows of each table are counted that cannot be asked.</param>
    public IEnumerable<(int Table, Answer Answer, AnswerSeconds Seconds)> Of(Questions questions, IReadOnlyList<SkipCounts> skipped)
    {
        var ranks = _job.Ranks;
        if (ranks.Count == 1)
        {
            foreach (var (table, rows) in questions.Rows.Index())
                foreach (var (_, answer, seconds) in Answers(questions, table, rows, skipped[table])) yield return (table, answer, seconds);
            yield break;
        }
        ranks.Collective.Broadcast(questions.ToBytes());
        foreach (var (result, bytes) in Dealing.Lead(ranks, piece => piece < questions.Count, pieces => Share(questions, pieces),
            _job.Cancellation, RowsTogether))
        {
            if (result < 0) skipped[~result].Merge(SkipCounts.Parse(Encoding.UTF8.GetString(bytes)));
            else if (AnswerFile.Of(bytes) is var (answer, seconds)) yield return (result, answer, seconds);
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
    /// <exception cref="InputException">The tables are not those of the leader.</exception>
    public void Join(JsonObject content)
    {
        foreach (var (name, bytes) in _tables.Sizes)
            if ((long?)content[SizesName]![name] is var leaders && leaders != bytes)
            {
                throw new InputException($"{name} has {bytes} bytes here and {leaders ?? 0} where the leader is: "
                    + "all ranks must see the same folder of tables.");
            }
        while (MemoryMarshal.Cast<byte, int>(_job.Ranks.Collective.Broadcast([])) is { Length: > 0 } numbers)
        {
            var questions = Questions.Of(numbers);
            Dealing.Join(_job.Ranks, pieces => Share(questions, pieces));
        }
    }

    /// <summary>
    /// Answers of rows as they are asked for, numbered by their table; what is left out of a table bears the complement of its number.
    /// </summary>
    private IEnumerable<(int Piece, byte[] Result)> Share(Questions questions, IEnumerable<int> pieces)
    {
        using var next = pieces.GetEnumerator();
        bool more = next.MoveNext();
        while (more)
        {
            int table = questions[next.Current].Table;
            SkipCounts skipped = [];
            foreach (var (_, answer, seconds) in Answers(questions, table, RowsOf(table), skipped))
                yield return (table, AnswerFile.ToBytes(answer, seconds));
            yield return (~table, Encoding.UTF8.GetBytes(skipped.ToJson()));
        }

        IEnumerable<int> RowsOf(int table)
        {
            for (; more && questions[next.Current] is var (of, row) && of == table; more = next.MoveNext()) yield return row;
        }
    }

    private IEnumerable<(int Place, Answer Answer, AnswerSeconds Seconds)> Answers(Questions questions, int number,
        IEnumerable<int> places, SkipCounts skipped)
    {
        var (benchmark, table) = _tables.Tables[number];
        var settings = AskingSettings.Of(_job.Experiment.Evaluate!, benchmark);
        var generation = settings.Generation(questions.Alone ? 1 : _job.Experiment.Evaluate!.Slots, _loaded.Folder);
        if (questions.Alone) generation = generation with { MaxNewTokens = Math.Min(generation.MaxNewTokens, BatchCheck.Tokens) };
        return _asker.Answers(benchmark, table, settings.RowsOf(table), places, skipped, generation);
    }
}
