using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Files;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// A model folder in Hugging Face's layout, opened read-only: <c>config.json</c> and the tensors of <c>model.safetensors</c>
/// or of the shards that <c>model.safetensors.index.json</c> lists. Nothing is read but headers; tensors are used where they lie.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    /// <summary>File name of the index of a sharded checkpoint.</summary>
    public const string IndexName = "model.safetensors.index.json";

    /// <summary>File name of an unsharded checkpoint.</summary>
    public const string SingleName = "model.safetensors";

    /// <summary>
    /// A file that makes loaders take the folder for an adapter's, look for another model and pass over the weights here.
    /// </summary>
    public const string AdapterName = "adapter_config.json";

    private readonly Dictionary<string, (SafeTensorsFile File, TensorEntry Entry)> _tensors;
    private readonly FileStamps _stamps;

    private Checkpoint(string folder, JsonObject config, IReadOnlyList<SafeTensorsFile> files,
        Dictionary<string, (SafeTensorsFile, TensorEntry)> tensors, FileStamps stamps)
    {
        (Folder, Config, Files, _tensors, _stamps) = (folder, config, files, tensors, stamps);
    }

    /// <summary>The model folder.</summary>
    public string Folder { get; }

    /// <summary><c>config.json</c> as it stands.</summary>
    public JsonObject Config { get; }

    /// <summary>The shards in the order of their names.</summary>
    public IReadOnlyList<SafeTensorsFile> Files { get; }

    /// <summary>Names of all tensors.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>
    /// Opens a folder and checks that every shard and every tensor of the index is there.
    /// An index that was left beside <see cref="SingleName"/> without its shards is passed over, as other programs do.
    /// </summary>
    /// <exception cref="InputException">A file is absent or wrong, or two sets of weights lie in the folder.</exception>
    public static Checkpoint Open(string folder)
    {
        UserFile.CheckFolder(folder, $"There is no model folder {folder}.");
        DownloadCache.Refuse(folder);
        var stamps = FileStamps.Of(Directory.EnumerateFiles(folder).Where(IsOfTheModel));
        JsonObject config = StrictJson.ReadObject(Path.Combine(folder, "config.json"));
        var files = new List<SafeTensorsFile>();
        try
        {
            Dictionary<string, string>? index = ReadIndex(folder);
            string[] names = index is null
                ? [SingleName] : [.. index.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            foreach (string name in names)
            {
                string path = Path.Combine(folder, name);
                if (!File.Exists(path)) throw new InputException(index is null
                    ? $"{folder} holds no weights: neither {SingleName} nor {IndexName} is there."
                    : $"Shard {name} named by {IndexName} is missing in {folder}. Copy or download it again.");
                files.Add(SafeTensorsFile.Open(path));
            }
            var tensors = new Dictionary<string, (SafeTensorsFile, TensorEntry)>(StringComparer.Ordinal);
            foreach (var file in files)
                foreach (var entry in file.Tensors)
                    if (!tensors.TryAdd(entry.Name, (file, entry)))
                        throw new InputException($"Tensor {entry.Name} lies in two shards of {folder}.");
            if (index is not null) CheckIndex(folder, index, tensors);
            return new Checkpoint(folder, config, files, tensors, stamps);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>True where a tensor of this name exists.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Type, shape and place of a tensor, and the file that holds it.</summary>
    /// <exception cref="InputException">No such tensor.</exception>
    public (SafeTensorsFile File, TensorEntry Entry) Find(string name) =>
        _tensors.TryGetValue(name, out var found) ? found : throw new InputException($"Tensor {name} is missing in {Folder}; "
            + "the folder holds no complete model of this kind.");

    /// <summary>
    /// Checks that weights, config, tokenizer and the model's other files are what they were when the folder was opened:
    /// asked before anything that was computed with them is kept.
    /// </summary>
    /// <exception cref="InputException">A file has changed, or is gone.</exception>
    public void CheckUnchanged() => _stamps.Check();

    /// <summary>What the user should know about a model folder, one sentence; null where there is nothing.</summary>
    public static string? WarningOf(string folder) => File.Exists(Path.Combine(folder, AdapterName))
        ? $"{folder} holds an adapter ({AdapterName}), which is neither applied nor copied: merge it into the weights, or take it away."
        : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in Files) file.Dispose();
    }

    private static bool IsOfTheModel(string path) =>
        Path.GetExtension(path) is ".safetensors" or ".json" or ".jinja" || Path.GetFileName(path) is "merges.txt";

    private static Dictionary<string, string>? ReadIndex(string folder)
    {
        string path = Path.Combine(folder, IndexName);
        if (!File.Exists(path)) return null;
        if (StrictJson.ReadObject(path)["weight_map"] is not JsonObject map) throw new InputException($"{path} has no weight_map.");
        var index = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (tensor, file) in map)
        {
            if (file?.GetValueKind() != JsonValueKind.String) throw new InputException($"{path}: the file of tensor {tensor} is no text.");
            string name = file.GetValue<string>();
            // A name that leaves the folder could map any file of the machine.
            PlainName.Check(name, $"{path}: the file of tensor {tensor}");
            index[tensor] = name;
        }
        return IsLeftBehind(folder, index) ? null : index;
    }

    /// <summary>
    /// True where the index belongs to weights that are not there any more. Which of two complete sets is the model, nobody can tell:
    /// some programs take the one, some the other.
    /// </summary>
    private static bool IsLeftBehind(string folder, Dictionary<string, string> index)
    {
        string[] shards = [.. index.Values.Where(name => name != SingleName).Distinct(StringComparer.Ordinal)];
        if (!File.Exists(Path.Combine(folder, SingleName)) || shards.Length == 0) return false;
        return !shards.Any(name => File.Exists(Path.Combine(folder, name))) ? true
            : throw new InputException($"{folder} holds two sets of weights, {SingleName} and the shards that {IndexName} lists: "
                + "take the one away that is not the model's.");
    }

    private static void CheckIndex(string folder, Dictionary<string, string> index,
        Dictionary<string, (SafeTensorsFile File, TensorEntry Entry)> tensors)
    {
        foreach (var (name, file) in index)
            if (!tensors.TryGetValue(name, out var found) || Path.GetFileName(found.File.Path) != file)
                throw new InputException($"Tensor {name} is not in {file} of {folder}, where {IndexName} places it.");
        foreach (string name in tensors.Keys)
            if (!index.ContainsKey(name)) throw new InputException($"Tensor {name} of {folder} is not listed in {IndexName}.");
    }
}
