using System.Text;
using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Evaluation.Asking;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Inputs;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>
/// The part of the stage <c>evaluate</c> that generates nothing: model folder and files of texts and choices -> <c>likelihoods.json</c>
/// and a line for each row in <c>texts</c> and <c>choices</c>. An interrupted one goes on behind the last row, and gives the same bytes.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="job">The work; it ends after a batch.</param>
/// <param name="folder">Where the artefacts go.</param>
public sealed class LikelihoodStage(LoadedModel loaded, Job job, string folder)
{
    /// <summary>Name of the task of several ranks.</summary>
    internal const string Task = "likelihoods";

    /// <summary>Tokens of a pass; a longer row stands alone.</summary>
    private const int BatchTokens = 4096;

    private readonly LikelihoodSettings _settings = LikelihoodSettings.Of(job.Experiment, job.Compute);

    /// <summary>Opens the files that an experiment names, and looks at them before anything is measured or written.</summary>
    /// <param name="options">Settings.</param>
    /// <exception cref="InputException">A file is absent or holds no row that can be used, or two have the same name.</exception>
    public static IReadOnlyList<LikelihoodFile> Open(EvaluationOptions options)
    {
        LikelihoodFile[] files = [.. (options.Texts ?? []).Select(path => LikelihoodFile.Open(path, LikelihoodKind.Texts, options.Limit)),
            .. (options.Choices ?? []).Select(path => LikelihoodFile.Open(path, LikelihoodKind.Choices, options.Limit))];
        if (files.GroupBy(file => (file.Kind, file.Name)).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InputException($"Two files are called {twice.Key.Name}, {twice.First().Path} and {twice.Last().Path}: "
                + "give one of them another name.");
        }
        return files;
    }

    /// <summary>Runs or resumes the stage.</summary>
    /// <param name="files">What <see cref="Open"/> has given.</param>
    /// <param name="stage">Name of the stage in the progress.</param>
    /// <exception cref="InputException">No row of a file can be used, or what is there belongs to another model.</exception>
    public LikelihoodsFile Run(IReadOnlyList<LikelihoodFile> files, string stage = "evaluate")
    {
        if (job.Ranks.Count > 1) job.Call(Task, loaded.Folder, []);
        var empty = Empty(files);
        string state = Path.Combine(folder, LikelihoodsFile.StateName);
        Begin(empty, state);
        var done = new Tally(stage, files.Sum(file => (long)file.Rows), job.Progress);
        var skipped = files.ToDictionary(file => file, file => Measure(file, done));
        loaded.Model.CheckUnchanged();
        if (job.Ranks.Count > 1) job.Ranks.Complete();
        IReadOnlyList<RowLikelihood> RowsOf(LikelihoodFile file) =>
            RowLikelihood.Read(LikelihoodsFolder.Rows(folder, file.Kind, file.Name));
        var result = empty with
        {
            Texts = [.. files.Where(file => file.Kind == LikelihoodKind.Texts).Select(file =>
                LikelihoodScores.Result(file.Name, RowsOf(file), skipped[file].ToDictionary(), job.Experiment.Seed))],
            Choices = [.. files.Where(file => file.Kind == LikelihoodKind.Choices).Select(file =>
                LikelihoodScores.ChoiceResult(file.Name, RowsOf(file), skipped[file].ToDictionary(), job.Experiment.Seed))],
        };
        result.Save(Path.Combine(folder, LikelihoodsFile.Name));
        File.Delete(state);
        return result;
    }

    private LikelihoodsFile Empty(IReadOnlyList<LikelihoodFile> files)
    {
        SortedDictionary<string, string> Hashes(LikelihoodKind kind) => new(files.Where(file => file.Kind == kind)
            .ToDictionary(file => file.Name, file => file.Sha256), StringComparer.Ordinal);
        using var checkpoint = Checkpoint.Open(loaded.Folder);
        var inputs = new LikelihoodInputs(ModelIdentity.Of(checkpoint, cancel: job.Cancellation), Hashes(LikelihoodKind.Texts),
            Hashes(LikelihoodKind.Choices), ModelHistory.Of(loaded.Folder));
        return new(LikelihoodsFile.CurrentFormat, ProgramVersion.CreatedBy, _settings, job.Experiment.Seed, inputs, [], []);
    }

    /// <summary>Rows of other settings or files are discarded; those of another model are refused.</summary>
    private void Begin(LikelihoodsFile empty, string state)
    {
        Directory.CreateDirectory(folder);
        string finished = Path.Combine(folder, LikelihoodsFile.Name);
        string? before = new[] { finished, state }.FirstOrDefault(File.Exists);
        var found = before is null ? null : LikelihoodsFile.Load(before);
        if (found is not null) SameModel.Require(found.Inputs.Model, empty.Inputs.Model, before!);
        if (found?.IsSameWorkAs(empty) != true) LikelihoodsFolder.Clear(folder);
        empty.Save(state);
        File.Delete(finished);
    }

    /// <summary>
    /// Measures the rows of a file that are left. Which rows share a batch depends on the file alone, so that an interruption changes
    /// nothing.
    /// </summary>
    private SkipCounts Measure(LikelihoodFile file, Tally done)
    {
        string path = LikelihoodsFolder.Rows(folder, file.Kind, file.Name);
        using var lines = RowLikelihood.Open(path);
        int last = lines.Found.Count > 0 ? lines.Found[^1].Row : -1, measured = lines.Found.Count;
        done.Begin(file, last + 1);
        SkipCounts skipped = [];
        job.Ranks.Collective.Broadcast(BitConverter.GetBytes(last));
        foreach (byte[] result in Dealing.InOrder(job.Ranks, pieces => Share(file, last, pieces), job.Cancellation))
        {
            if (result[0] == Dealing.Last)
            {
                skipped = SkipCounts.Parse(Encoding.UTF8.GetString(result.AsSpan(1)));
                continue;
            }
            RowLikelihood[] rows = [.. RowLikelihood.Of(result.AsSpan(1))];
            foreach (var row in rows.Where(row => row.Row > last))
            {
                lines.Add(row);
                measured++;
            }
            done.Reached(rows[^1].Row + 1);
        }
        done.End();
        return measured > 0 ? skipped
            : throw new InputException($"No row of {file.Path} could be used ({skipped}).");
    }

    /// <summary>A member's part.</summary>
    internal static void Join(LoadedModel loaded, Job job)
    {
        var stage = new LikelihoodStage(loaded, job, "");
        foreach (var file in Open(job.Experiment.Evaluate!))
        {
            int last = BitConverter.ToInt32(job.Ranks.Collective.Broadcast([]));
            Dealing.Join(job.Ranks, pieces => stage.Share(file, last, pieces));
        }
    }

    /// <summary>The rows of batches that are asked for, and behind the last batch what was left out.</summary>
    /// <param name="file">The file.</param>
    /// <param name="last">Rows up to this one are measured already: piece 0 is the first batch that holds another.</param>
    /// <param name="pieces">Numbers of batches.</param>
    private IEnumerable<(int Piece, byte[] Rows)> Share(LikelihoodFile file, int last, IEnumerable<int> pieces)
    {
        SkipCounts skipped = [];
        foreach (var (piece, batch) in Dealing.At(Batches(file, skipped).Where(batch => batch[^1].Row > last), pieces))
        {
            job.Cancellation.ThrowIfCancellationRequested();
            if (batch is null)
            {
                yield return (piece, [Dealing.Last, .. Encoding.UTF8.GetBytes(skipped.ToJson())]);
                continue;
            }
            byte[] rows = RowLikelihood.ToBytes(Measured(batch));
            loaded.Model.CheckUnchanged();
            yield return (piece, [Dealing.More, .. rows]);
        }
    }

    private IEnumerable<List<PreparedRow>> Batches(LikelihoodFile file, SkipCounts skipped)
    {
        List<PreparedRow> batch = [];
        long tokens = 0;
        foreach (var (i, row) in file.Read().Index())
        {
            var prepared = row is null ? null : Prepare(i, row, skipped);
            if (row is null) skipped.Add(SkipReason.MalformedRow);
            if (prepared is null) continue;
            if (batch.Count > 0 && tokens + prepared.Tokens > BatchTokens)
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }
            batch.Add(prepared);
            tokens += prepared.Tokens;
        }
        if (batch.Count > 0) yield return batch;
    }

    private PreparedRow? Prepare(int number, LikelihoodRow row, SkipCounts skipped)
    {
        try
        {
            var text = loaded.Processor.EncodeText(row.Text);
            EncodedSample[] parts = row.Answer is null ? [Window(text)] : [.. row.Choices.Select(choice => WithChoice(text, choice))];
            if (row.Answer is not null && parts.Any(part => part.Length > _settings.MaxTokens)) skipped.Add(SkipReason.TooLong);
            else if (parts.Any(part => Batch.CountTargets(part) == 0)) skipped.Add(NothingToPredict);
            else return new(number, parts, row.Answer);
        }
        catch (InputException)
        {
            skipped.Add(SkipReason.NotEncodable);
        }
        return null;
    }

    private const string NothingToPredict = "nothing to predict";

    private EncodedSample Window(EncodedSample text) =>
        text.Length <= _settings.TextTokens ? text : loaded.Processor.OfText(text.Ids[.._settings.TextTokens]);

    /// <summary>A context with a choice behind it, whose tokens alone are to be predicted. Each is tokenised by itself.</summary>
    private EncodedSample WithChoice(EncodedSample context, string choice)
    {
        int[] ids = loaded.Processor.Tokenizer.Encode(" " + choice);
        bool[] predicted = [.. context.Ids.Select(_ => false), .. ids.Select(_ => true)];
        return loaded.Processor.OfText([.. context.Ids, .. ids]) with { Trained = predicted };
    }

    private IEnumerable<RowLikelihood> Measured(List<PreparedRow> rows)
    {
        EncodedSample[] samples = [.. rows.SelectMany(row => row.Parts)];
        using var batch = Batch.Pack(samples, loaded.Model.Device);
        double[] losses = AnswerLoss.Each(loaded.Model, batch);
        if (!losses.All(double.IsFinite)) throw FiniteValues.Refusal("The likelihoods are no numbers", loaded.Model, batch);
        int at = 0;
        foreach (var row in rows)
        {
            int[] tokens = [.. row.Parts.Select(part => Batch.CountTargets(part))];
            double[] sums = new double[tokens.Length];
            for (int i = 0; i < sums.Length; at += tokens[i++]) sums[i] = -losses.AsSpan(at, tokens[i]).ToArray().Sum();
            yield return new(row.Row, sums, tokens, row.Answer);
        }
    }

    /// <summary>A row ready for the model.</summary>
    /// <param name="Row">0-based row of the file.</param>
    /// <param name="Parts">The text, or the context with each choice.</param>
    /// <param name="Answer">The right choice; null of a text.</param>
    private sealed record PreparedRow(int Row, IReadOnlyList<EncodedSample> Parts, int? Answer)
    {
        public long Tokens { get; } = Parts.Sum(part => (long)part.Length);
    }

    /// <summary>Counts rows for the progress, over all files and within the one at work.</summary>
    private sealed class Tally(string stage, long total, IProgress<StageProgress>? progress)
    {
        private StagePart _part;
        private long _before;

        public void Begin(LikelihoodFile file, long done)
        {
            _part = new(file.Name, done, file.Rows);
            Report();
        }

        public void Reached(long done)
        {
            _part = _part with { Done = done };
            Report();
        }

        public void End()
        {
            if (_part.Done < _part.Total) Reached(_part.Total);
            _before += _part.Total;
        }

        private void Report() => progress?.Report(new(stage, _before + _part.Done, total, "rows", Part: _part));
    }
}
