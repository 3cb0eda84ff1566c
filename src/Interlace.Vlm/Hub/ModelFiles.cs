using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using Interlace.Vlm.Files;

namespace Interlace.Vlm.Hub;

/// <summary>Which files of a repository make the model folder: settings, tokenizer, templates, and the safetensors weights.</summary>
internal static class ModelFiles
{
    private const string Config = "config.json", Tokenizer = "tokenizer.json", Templates = "additional_chat_templates/";
    private const long LargestText = 64 << 20;
    private static readonly string[] Licences = ["LICENSE", "LICENSE.txt", "LICENSE.md"];
    private static readonly string[] ImageSettings = ["preprocessor_config.json", "processor_config.json"];

    /// <summary>The files that say what the model is: all but the weights.</summary>
    /// <exception cref="InputException">The repository holds no model that can be read.</exception>
    public static IReadOnlyList<HubFile> Describing(HubListing listing)
    {
        if (!listing.Files.Any(file => file.Path == Config))
            throw new InputException($"{listing.Repository.Written} has no {Config}: it holds no model in Hugging Face's layout"
                + (Has(listing, ".gguf") ? ", but GGUF files: fetch one, and make a folder of it with interlace import." : "."));
        if (!listing.Files.Any(IsWeights)) throw new InputException($"{listing.Repository.Written} holds no safetensors weights"
            + (Has(listing, ".bin") || Has(listing, ".pth") ? ", only pickled ones, which can run code of others and are not read: "
                + "convert them, or take a revision that has safetensors." : ": it is no whole model."));
        HubFile[] files = [.. listing.Files.Where(IsDescribing)];
        return Array.Find(files, file => file.Size > LargestText) is { } large
            ? throw new InputException($"{large.Path} of {listing.Repository.Written} has {large.Size} bytes, more than is read of "
                + $"such a file.")
            : files;
    }

    /// <summary>The weights, once the index is there.</summary>
    /// <param name="listing">The repository.</param>
    /// <param name="snapshot">The folder in which the describing files stand.</param>
    /// <exception cref="InputException">The index is none, or names files that are not there; the family is not known.</exception>
    public static IReadOnlyList<HubFile> Weights(HubListing listing, string snapshot)
    {
        CheckFamily(listing.Repository, snapshot);
        string index = Path.Combine(snapshot, Checkpoint.IndexName);
        string[] names = File.Exists(index) ? ShardsOf(index) : [Checkpoint.SingleName];
        var listed = listing.Files.ToDictionary(file => file.Path, StringComparer.Ordinal);
        return [.. names.Select(name => listed.GetValueOrDefault(name) ?? throw new InputException(
            $"{listing.Repository.Written} has no {name}, which {Checkpoint.IndexName} names: it is no whole model."))];
    }

    /// <summary>Whether a folder of the cache holds all that a model needs; others put files there one by one.</summary>
    public static bool AreAllIn(string snapshot)
    {
        bool Has(string name) => UserFile.KindOf(Path.Combine(snapshot, name)) == PathKind.File;   // a link may lead nowhere
        if (!Has(Config) || !Has(Tokenizer)) return false;
        bool seesImages = StrictJson.ReadObject(Path.Combine(snapshot, Config)).ContainsKey("vision_config");
        if (seesImages && !ImageSettings.Any(Has)) return false;
        return Has(Checkpoint.IndexName) ? ShardsOf(Path.Combine(snapshot, Checkpoint.IndexName)).All(Has) : Has(Checkpoint.SingleName);
    }

    private static void CheckFamily(HubRepository repository, string snapshot)
    {
        var config = StrictJson.ReadObject(Path.Combine(snapshot, Config));
        if (FamilyTable.Find(config) is not null) return;
        throw new InputException($"{repository.Written} is a model of type '{config["model_type"]}', which is not supported (supported: "
            + $"{string.Join(", ", FamilyTable.All.Select(known => known.ModelType).Distinct())}): its weights are not fetched.");
    }

    private static string[] ShardsOf(string index)
    {
        if (StrictJson.ReadObject(index)["weight_map"] is not JsonObject map || map.Count == 0)
            throw new InputException($"{index} has no weight_map.");
        string[] names = [.. map.Select(entry => entry.Value?.GetValueKind() == JsonValueKind.String ? entry.Value.GetValue<string>()
            : throw new InputException($"{index}: the file of a tensor is no text.")).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];
        foreach (string name in names)
        {
            PlainName.Check(name, $"{index}: the file of a tensor");
            if (!name.EndsWith(".safetensors", StringComparison.Ordinal))
                throw new InputException($"{index} names {name}, which is no safetensors file.");
        }
        return names;
    }

    private static bool IsDescribing(HubFile file) => file.Path.StartsWith(Templates, StringComparison.Ordinal)
        ? file.Name.EndsWith(".jinja", StringComparison.Ordinal)
        : file.Path == file.Name && !file.Name.StartsWith('.') && (Licences.Contains(file.Name) || file.Name == "merges.txt"
            || (Path.GetExtension(file.Name) is ".json" or ".jinja" && !file.Name.EndsWith(".bin.index.json", StringComparison.Ordinal)));

    private static bool IsWeights(HubFile file) => file.Path is Checkpoint.SingleName or Checkpoint.IndexName;

    private static bool Has(HubListing listing, string ending) =>
        listing.Files.Any(file => file.Path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
}
