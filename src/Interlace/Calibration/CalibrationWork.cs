using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>What a calibration goes over: the same samples in the same order and the same batches on every rank.</summary>
internal sealed class CalibrationWork
{
    private readonly LoadedModel _loaded;
    private readonly Job _job;
    private readonly RowFilter _filter;
    private readonly IReadOnlyList<RowReference[]> _blocks;
    private readonly Dictionary<(string Set, string Shard, long Row), int>? _blockOf;
    private readonly SkipCounts[] _filtered;

    /// <param name="loaded">The model.</param>
    /// <param name="job">The work.</param>
    /// <param name="adaptive">It may end before the data does, with a block.</param>
    /// <exception cref="InputException">The data is absent or unusable.</exception>
    public CalibrationWork(LoadedModel loaded, Job job, bool adaptive)
    {
        (_loaded, _job) = (loaded, job);
        Data = DrawnData.OpenCalibration(job.Experiment);
        _filter = Data.FilterFor(loaded.Processor);
        var rows = Data.Calibration(job.Experiment, _filter);
        Rows = rows.Count;
        Settings = CalibrationStage.Settings(job.Experiment, job.Compute, adaptive);
        _blocks = adaptive ? MixedBlocks.Of(rows) : [[.. rows]];
        _filtered = new SkipCounts[_blocks.Count];
        if (!adaptive) return;
        _blockOf = _blocks.Index().SelectMany(block => block.Item, (block, row) => (row, block.Index)).ToDictionary(
            entry => (Data.Source.Sets[entry.row.Set].Name, Data.Source.Sets[entry.row.Set].Shards[entry.row.Shard].Name, entry.row.Row),
            entry => entry.Index);
    }

    /// <summary>Folder of the model.</summary>
    public string ModelFolder => _loaded.Folder;

    /// <summary>The drawn data.</summary>
    public DrawnData Data { get; }

    /// <summary>Rows that the calibration draws.</summary>
    public int Rows { get; }

    /// <summary>What decides the numbers besides model and data.</summary>
    public CalibrationSettings Settings { get; }

    /// <summary>The block of a sample; null where there is one block.</summary>
    public Func<LoadedSample, int>? BlockOf => _blockOf is null ? null : sample => _blockOf[(sample.Set, sample.Shard, sample.Row)];

    /// <summary>How many rows the filter ruled out up to the end of a block, or of the last one, once its samples have come.</summary>
    public SkipCounts FilteredUpTo(int? block) => _filtered[block ?? _filtered.Length - 1];

    /// <summary>The same as another rank found it.</summary>
    public void Filtered(int? block, SkipCounts counts) => _filtered[block ?? _filtered.Length - 1] = counts;

    /// <summary>The samples from an index on.</summary>
    /// <param name="next">The index.</param>
    /// <param name="skipped">Where those are counted that are left out.</param>
    /// <param name="outlines">Outlines come, those that are known to fail left out; whole samples where absent.</param>
    public IEnumerable<LoadedSample> Load(long next, SkipCounts skipped, IReadOnlyDictionary<long, string>? outlines = null) =>
        Data.Load(Read().Skip((int)next), _loaded.Processor, skipped, next, _job.Cancellation,
            ConversationForm.Of(_job.Experiment.Calibrate!), outlines: outlines);

    /// <summary>Measures batches.</summary>
    public BatchMeter Meter() => new(_loaded.Model, Settings, BlockOf);

    /// <summary>Batches of outlines from an index on.</summary>
    public IEnumerable<CalibrationBatch> Outlines(long next, SkipCounts skipped, IReadOnlyDictionary<long, string> failing) =>
        CalibrationBatch.Of(Load(next, skipped, failing), skipped, Settings.BatchTokens, BlockOf);

    private IEnumerable<Sample> Read()
    {
        SkipCounts filtered = [];
        foreach (var (i, block) in _blocks.Index())
        {
            foreach (var sample in Data.Read(block, filtered, _filter)) yield return sample;
            _filtered[i] = new SkipCounts(filtered);   // before a sample of the next block is given, however far ahead they are read
        }
    }
}
