using Interlace.Artefacts;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Files;

namespace Interlace.Exporting;

/// <summary>
/// The stage <c>export</c>: a model folder -> <c>NAME-TYPE.gguf</c> and, where the model sees, <c>mmproj-NAME-TYPE.gguf</c>, as llama.cpp
/// and what is built on it read them. Weights are converted piece by piece, in constant memory. The files appear whole or not at all.
/// </summary>
public static class ExportStage
{
    /// <summary>Keys of our own, which other programs pass over: what wrote the file, and from which model.</summary>
    internal const string CreatedBy = "interlace.created_by", ModelKey = "interlace.model_sha256", KeptKey = "interlace.kept_layers",
        ParentKey = "interlace.parent_layers";

    /// <summary>Runs the stage. Files that hold the same model in the same type already are left as they are.</summary>
    /// <param name="model">The model folder, which is only read.</param>
    /// <param name="target">The folder of the files, in which others may lie.</param>
    /// <param name="type">One of <see cref="GgufFileType.All"/> by its name.</param>
    /// <param name="name">What the files are called by; the folder's name where absent.</param>
    /// <param name="force">Whether files that Interlace exported may be replaced.</param>
    /// <param name="say">Receives lines for a person.</param>
    /// <param name="progress">Reports megabytes written.</param>
    /// <param name="freeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
    /// <param name="cancel">Stops between pieces and leaves nothing behind.</param>
    /// <exception cref="InputException">The model cannot be exported, a place is taken, or the disk too full.</exception>
    public static ExportResult Run(string model, string target, string type, string? name = null, bool force = false,
        Action<string>? say = null, IProgress<StageProgress>? progress = null, Func<string, long>? freeBytes = null,
        CancellationToken cancel = default)
    {
        var fileType = GgufFileType.Named(type);
        name ??= Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));
        PlainName.Check(name, "the name of the files");
        OutputPlace.Check(target, model);
        using var export = GgufExport.Open(model);
        GgufEntry[] more = [new("general.name", name), .. Origin(export, model, cancel)];
        Planned[] files = [Planned.Of($"{name}-{type}.gguf", export.Architecture, export.Decoder(fileType, more)),
            .. export.HasVision ? [Planned.Of($"mmproj-{name}-{type}.gguf", GgufExport.VisionArchitecture, export.Vision(fileType, more))]
            : Array.Empty<Planned>()];

        Planned[] missing = [.. files.Where(file => !file.IsIn(target))];
        if (missing.Length == 0) say?.Invoke($"{target} has the files already.");
        else Write(missing, export, target, force, progress, freeBytes, cancel);
        return new(target, type, export.LayerCount, [.. files.Select(file => file.Described)], NoteOf(export));
    }

    /// <summary>Whether a file is one that this stage wrote.</summary>
    public static bool IsOurs(string path)
    {
        try
        {
            using var file = GgufFile.Open(path);
            return file.Keys.Has(CreatedBy);
        }
        catch (InputException)
        {
            return false;
        }
    }

    private static void Write(Planned[] files, GgufExport export, string target, bool force, IProgress<StageProgress>? progress,
        Func<string, long>? freeBytes, CancellationToken cancel)
    {
        // The decoder's file comes last: where it stands, the other one does.
        string[] names = [.. files.Select(file => file.Name).Reverse()];
        using var staged = StagedFiles.Begin(target, names, files.Sum(file => file.Bytes), force ? IsOurs : null, freeBytes);
        var written = progress is null
            ? null : new ByteProgress("export", files.Sum(file => file.Content.Tensors.Sum(tensor => tensor.Bytes)), progress);
        foreach (var file in files) file.Content.Write(staged.PathOf(file.Name), file.Header, written, cancel);
        cancel.ThrowIfCancellationRequested();
        export.Checkpoint.CheckUnchanged();
        staged.Commit();
    }

    private static IEnumerable<GgufEntry> Origin(GgufExport export, string model, CancellationToken cancel)
    {
        yield return new(CreatedBy, ProgramVersion.CreatedBy);
        yield return new(ModelKey, ModelIdentity.Of(export.Checkpoint, cancel: cancel).SampleSha256!);
        if (!File.Exists(Path.Combine(model, PrunedModelFile.Name))) yield break;
        var record = PrunedModelFile.Load(model);
        yield return new(KeptKey, record.KeptLayers);
        yield return new(ParentKey, (uint)record.ParentLayers);
    }

    private static string? NoteOf(GgufExport export) => export.LeftOut == 0 ? null
        : $"The {export.LeftOut} tensors of the vision tower are left out: the file is of the language model alone.";

    /// <summary>A file that is to be written.</summary>
    private sealed record Planned(string Name, string Architecture, GgufContent Content, byte[] Header)
    {
        public long Bytes => Content.Size(Header);

        public ExportedFile Described => new(Name, Architecture, Bytes, Content.Tensors.Count, Content.Weights);

        public static Planned Of(string name, string architecture, GgufContent content) =>
            new(name, architecture, content, content.Header());

        /// <summary>Whether a folder holds it: its header names the model it is of, and files appear whole.</summary>
        public bool IsIn(string folder)
        {
            string path = Path.Combine(folder, Name);
            if (!File.Exists(path) || UserFile.LengthOf(path) != Bytes) return false;
            try
            {
                using var file = GgufFile.Open(path);
                return file.BeginsWith(Header);
            }
            catch (InputException)
            {
                return false;
            }
        }
    }
}
