using Interlace.Data;
using Interlace.Data.Parquet;
using Interlace.Data.Sampled;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Vlm;

namespace Interlace.Samples;

/// <summary>Brings the drawn rows of every file into a part of its own, several files at once; what an earlier attempt brought
/// stays.</summary>
/// <param name="input">Where the files are.</param>
/// <param name="data">The sets.</param>
/// <param name="rows">Drawn rows by set and file, ascending.</param>
/// <param name="target">The sample's folder.</param>
/// <param name="work">Where the parts go.</param>
/// <param name="progress">How far it has come.</param>
/// <param name="cancellation">Ends it.</param>
internal sealed class Taking(ISampleInput input, DataSource data, IReadOnlyDictionary<(int Set, int Shard), long[]> rows, string target,
    SampleWork work, IProgress<StageProgress>? progress, CancellationToken cancellation)
{
    private readonly long _total = rows.Values.Sum(drawn => drawn.LongLength);
    private long _done;

    /// <summary>Takes what is not there.</summary>
    public void Run()
    {
        var all = rows.OrderBy(file => file.Key).ToLookup(file => IsThere(file.Key));
        _done = all[true].Sum(file => file.Value.LongLength);
        Report();
        Together.Run(() => Parallel.ForEach(all[false],
            new ParallelOptions { MaxDegreeOfParallelism = SampleStage.AtOnce, CancellationToken = cancellation },
            file => Take(file.Key.Set, file.Key.Shard, file.Value)));
    }

    private bool IsThere((int Set, int Shard) file) =>
        File.Exists(work.PartOf(file.Set, file.Shard)) || File.Exists(SampleFile.PathOf(target, data.Sets[file.Set].Name));

    private void Take(int set, int shard, long[] drawn)
    {
        string part = work.PartOf(set, shard), half = part + SampleWork.Half;
        string path = data.Sets[set].Shards[shard].Path;
        using (var file = FineVisionFile.Guard(path, () => new WholeRows(input.Bytes(set, shard, work.Folder, cancellation))))
        using (var writer = new FineVisionWriter(half))
        {
            using IEnumerator<WholeRow> read = file.Read(drawn).GetEnumerator();
            while (FineVisionFile.Guard(path, read.MoveNext))
            {
                cancellation.ThrowIfCancellationRequested();
                writer.Write(read.Current);
                Interlocked.Increment(ref _done);
                Report();
            }
            writer.Close();
        }
        Durable.FlushFile(half);
        File.Move(half, part, overwrite: true);
    }

    private void Report() => progress?.Report(new("sample", Interlocked.Read(ref _done), _total, "rows",
        input.BytesFetched > 0 ? $"{input.BytesFetched / 1e6:0.0} MB came" : null));
}
