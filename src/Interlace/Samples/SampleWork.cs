using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Data.Sampled;
using Interlace.Outputs;
using Interlace.Vlm;

namespace Interlace.Samples;

/// <summary>
/// The hidden folder in which a sample is put together: what it is a sample of, ends of files, scratch files, and the rows of single files.
/// An interrupted sampling is gone on with from here.
/// </summary>
internal sealed class SampleWork : IDisposable
{
    /// <summary>Endings of the files in it.</summary>
    public const string Footer = ".footer", Scratch = ".scratch", Part = ".parquet", Half = ".partial";

    private const string FolderName = ".sampling", Settings = "settings.json";

    private readonly FolderLock _lock;
    private readonly string _target;

    private SampleWork(string target, FolderLock held) => (_target, _lock) = (target, held);

    /// <summary>The folder.</summary>
    public string Folder => Path.Combine(_target, FolderName);

    /// <summary>What an interrupted sampling in a folder is of; null where there is none.</summary>
    public static SampleHead? HeadIn(string target)
    {
        string path = Path.Combine(target, FolderName, Settings);
        return File.Exists(path) ? Artefact.Read(path, ArtefactJson.Readable<SampleHead>(), "is no record of a sampling under way") : null;
    }

    /// <summary>Takes a folder for a sample.</summary>
    /// <param name="target">The folder, which is empty, absent, or holds an interrupted sampling of the same.</param>
    /// <param name="head">What is sampled.</param>
    /// <param name="force">Whether another sampling under way, or another sample, is deleted.</param>
    /// <exception cref="InputException">Something else lies there.</exception>
    public static SampleWork Open(string target, SampleHead head, bool force)
    {
        var held = FolderLock.Take(target);
        try
        {
            if (force) Delete(target);
            bool goesOn = HeadIn(target) == head;
            if (!goesOn && HeadIn(target) is not null)
                throw new InputException($"{target} holds another sampling under way: give its command, name another folder, or --force.");
            string? other = Directory.EnumerateFileSystemEntries(target).FirstOrDefault(entry => Path.GetFileName(entry) is var name
                && name != FolderLock.Name && name != FolderName);
            if (!goesOn && other is not null) throw new InputException($"{target} is not empty and holds no sample of this: name "
                + $"another folder.");
            var work = new SampleWork(target, held);
            Directory.CreateDirectory(work.Folder);
            Artefact.Save(Path.Combine(work.Folder, Settings), head, ArtefactJson.Readable<SampleHead>());
            foreach (string half in Directory.EnumerateFiles(work.Folder)
                .Where(file => Path.GetExtension(file) is Scratch or Half)) File.Delete(half);
            return work;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The rows of one file.</summary>
    public string PartOf(int set, int shard) => Path.Combine(Folder, $"{set}-{shard}{Part}");

    /// <summary>Ends the work: the sample is whole.</summary>
    public void Finish() => Directory.Delete(Folder, recursive: true);

    /// <summary>Deletes what a process left that was killed between a whole sample and the end of its work.</summary>
    public static void Clear(string target)
    {
        if (!Directory.Exists(Path.Combine(target, FolderName))) return;
        using var held = FolderLock.Take(target);
        Directory.Delete(Path.Combine(target, FolderName), recursive: true);
    }

    /// <summary>Leaves nothing where nothing has come that could be gone on from.</summary>
    public void Dispose()
    {
        bool isWorth = Directory.Exists(Folder) && Directory.EnumerateFiles(Folder).Any(file => Path.GetFileName(file) != Settings);
        if (!isWorth && Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
        _lock.Dispose();
        EmptyFolder.Delete(_target);
    }

    /// <summary>Deletes a sample, or one under way, and nothing else.</summary>
    private static void Delete(string target)
    {
        var sample = SampleFile.IsIn(target) ? SampleFile.Load(target) : null;
        File.Delete(Path.Combine(target, SampleFile.Name));
        var sets = sample?.Sets.Select(set => set.Name)
            ?? (HeadIn(target) is null ? [] : Directory.EnumerateDirectories(target).Select(Path.GetFileName));
        foreach (string? set in sets.Append("."))
        {
            if (set is null or FolderName) continue;
            string path = SampleFile.PathOf(target, set);
            if (sample is null && HeadIn(target) is null) continue;
            File.Delete(path);
            EmptyFolder.Delete(Path.GetDirectoryName(path)!);
        }
        if (Directory.Exists(Path.Combine(target, FolderName))) Directory.Delete(Path.Combine(target, FolderName), recursive: true);
    }
}

/// <summary>What a sampling is of, and how it draws.</summary>
/// <param name="Source">What is drawn from.</param>
/// <param name="Draw">How.</param>
internal sealed record SampleHead(SampleSource Source, SampleDraw Draw);
