using System.Security.Cryptography;
using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Data.Parquet;
using Interlace.Data.Sampled;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Hub;

namespace Interlace.Samples;

/// <summary>
/// Takes the rows that a draw names out of a collection of data sets, on the hub or in a folder, without reading the others: a folder that
/// stands for the collection wherever that draw is asked for.
/// </summary>
public static class SampleStage
{
    /// <summary>Files that are read at the same time.</summary>
    public const int AtOnce = 8;

    private const long MostRows = 4_000_000;   // of a record that is read whole

    /// <summary>Takes a sample, goes on with one, or finds it done.</summary>
    /// <param name="source">A folder, or <c>hf://ORG/NAME[@REVISION]</c>.</param>
    /// <param name="target">The folder to fill.</param>
    /// <param name="options">Rate, draw and counts.</param>
    /// <param name="seed">Seed of the draw.</param>
    /// <param name="hub">Where the hub is; asked for only where the source is there.</param>
    /// <param name="force">Whether another sample in the folder is deleted first.</param>
    /// <param name="begin">Told what will be taken of each set, before the first row comes.</param>
    /// <param name="progress">How far it has come.</param>
    /// <param name="cancellation">Ends it; what came is kept and gone on with.</param>
    /// <exception cref="InputException">The source is none, the folder is taken, or the disk is too full.</exception>
    public static SampleResult Run(string source, string target, DataOptions options, int seed, Func<HubSettings> hub, bool force = false,
        Action<IReadOnlyList<SampleEstimate>>? begin = null, IProgress<StageProgress>? progress = null,
            CancellationToken cancellation = default)
    {
        var draw = new SampleDraw(options.Rate, seed, options.Draw, options.Counts);
        bool isRemote = HubRepository.HasPrefix(source);
        if (!force && Found(source, target, draw) is { } found)
        {
            SampleWork.Clear(target);
            return new(target, found, 0);
        }
        if (!isRemote) OutputPlace.Check(target, source);
        using ISampleInput input = isRemote ? new HubInput(Pinned(source, target, draw), hub(), AtOnce) : new FolderInput(source);
        var head = new SampleHead(Named(source, input.Source), draw);
        if (File.Exists(target)) throw new InputException($"{target} is a file: name a folder to write to.");
        using var work = SampleWork.Open(target, head, force);
        var data = input.Open(work.Folder, (done, total) => progress?.Report(new("footers", done, total, "files")), cancellation);
        var drawn = data.Draw(options.Rate, seed, first: options.Draw == "first", published: options.Counts == "published");
        if (drawn.Count > MostRows) throw new InputException($"A rate of {options.Rate} draws {drawn.Count:N0} rows, and a sample may "
            + $"have {MostRows:N0}: give a lower one.");
        var rows = drawn.Rows.GroupBy(row => (row.Set, row.Shard)).ToDictionary(group => group.Key, group => group.Select(row => row.Row)
            .Order().ToArray());
        begin?.Invoke(Estimates(data, rows));
        // The parts of a set stand beside it until it is whole.
        FreeSpace.Check(target, 2 * data.EstimateBytes(drawn.Rows), $"The sample in {target}");
        new Taking(input, data, rows, target, work, progress, cancellation).Run();
        var file = new SampleFile(SampleFile.CurrentFormat, ProgramVersion.CreatedBy, head.Source, draw,
            [.. data.Sets.Select((set, i) => Merge(target, work, data, rows, i, input, cancellation))]);
        AtomicFile.Write(Path.Combine(target, SampleFile.Name), System.Text.Encoding.UTF8.GetBytes(file.ToJson()));
        work.Finish();
        return new(target, file, input.BytesFetched);
    }

    /// <summary>The sample in a folder, where it is the one that is asked for.</summary>
    private static SampleFile? Found(string source, string target, SampleDraw draw)
    {
        if (!SampleFile.IsIn(target)) return null;
        var found = SampleFile.Load(target);
        if (Is(found.Source, source) && found.Draw == draw) return found;
        throw new InputException($"{target} holds a sample of {found.Source.Name} by another draw or revision: name another folder, or "
            + "start over with --force.");
    }

    /// <summary>Whether a record's source is one that a text names.</summary>
    private static bool Is(SampleSource found, string source)
    {
        if (!HubRepository.HasPrefix(source)) return new FolderInput(source).Source == found;
        var repository = HubRepository.Parse(source, HubKind.DataSet);
        return found.Kind == "hub" && found.Name == repository.Id
            && (found.Revision == repository.Revision || found.Commit == repository.Revision);
    }

    /// <summary>The repository at the commit that an interrupted sampling began with.</summary>
    private static HubRepository Pinned(string source, string target, SampleDraw draw)
    {
        var repository = HubRepository.Parse(source, HubKind.DataSet);
        return SampleWork.HeadIn(target) is { Source: { Commit: { } commit } } begun && begun.Draw == draw && Is(begun.Source, source)
            ? repository with { Revision = commit } : repository;
    }

    private static SampleSource Named(string source, SampleSource found) => HubRepository.HasPrefix(source)
        ? found with { Revision = HubRepository.Parse(source, HubKind.DataSet).Revision } : found;

    private static SampleEstimate[] Estimates(DataSource data, Dictionary<(int, int), long[]> rows) => [.. data.Sets.Select((set, i) =>
    {
        var shards = set.Shards.Select((shard, j) => (Shard: shard, Drawn: rows.GetValueOrDefault((i, j))?.LongLength ?? 0)).ToArray();
        double bytes = shards.Sum(one => one.Drawn == 0 ? 0 : (double)one.Drawn * one.Shard.SampleBytes / one.Shard.Rows);
        return new SampleEstimate(set.Name, shards.Length, set.Rows, shards.Sum(one => one.Drawn), (long)bytes,
            shards.Sum(one => one.Shard.Length));
    })];

    /// <summary>Puts the parts of a set end to end into its file, and deletes them.</summary>
    private static SampledSet Merge(string target, SampleWork work, DataSource data, Dictionary<(int, int), long[]> rows, int set,
        ISampleInput input,
        CancellationToken cancellation)
    {
        string path = SampleFile.PathOf(target, data.Sets[set].Name);
        int[] shards = [.. Enumerable.Range(0, data.Sets[set].Shards.Count).Where(shard => rows.ContainsKey((set, shard)))];
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string half = Path.Combine(work.Folder, $"{set}{SampleWork.Half}");
            using (var writer = new FineVisionWriter(half))
            {
                foreach (int shard in shards)
                {
                    using var part = new WholeRows(new LocalShardBytes(work.PartOf(set, shard)));
                    foreach (WholeRow row in part.Read([.. Enumerable.Range(0, (int)part.Count).Select(i => (long)i)]))
                    {
                        cancellation.ThrowIfCancellationRequested();
                        writer.Write(row);
                    }
                }
                writer.Close();
            }
            Durable.FlushFile(half);
            File.Move(half, path, overwrite: true);
        }
        foreach (int shard in shards) File.Delete(work.PartOf(set, shard));
        using var stream = File.OpenRead(path);
        return new(data.Sets[set].Name, shards.Sum(shard => rows[(set, shard)].LongLength), stream.Length,
            Convert.ToHexStringLower(SHA256.HashData(stream)),
            [.. data.Sets[set].Shards.Select((shard, i) =>
                new SampledShard(shard.Name, shard.Rows, shard.Length,
                shard.SampleBytes, rows.GetValueOrDefault((set, i)) ?? [], input.Sha256Of(set, i)))]);
    }
}
