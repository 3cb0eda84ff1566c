using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Generation;

namespace Interlace.Vlm.Families;

/// <summary>
/// How a model's makers want its answers sampled, as llama.cpp and what is built on it take it from a file: <c>general.sampling.*</c>
/// in the place of <c>generation_config.json</c>.
/// </summary>
internal static class GgufSampling
{
    private const string Prefix = "general.sampling.", TopK = Prefix + "top_k";

    /// <summary>Numbers with a fraction, by their names in a folder and in a file.</summary>
    private static readonly (string Name, string Key)[] Fractions =
        [("temperature", Prefix + "temp"), ("top_p", Prefix + "top_p"), ("repetition_penalty", Prefix + "penalty_repeat")];

    /// <summary>What a folder gives, where it asks for answers that are drawn; no key says that the likeliest token is wanted.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="InputException">A value is out of range.</exception>
    public static IEnumerable<GgufEntry> Keys(string folder)
    {
        string path = Path.Combine(folder, "generation_config.json");
        var given = new ConfigSection(File.Exists(path) ? StrictJson.ReadObject(path) : [], path);
        if (!given.Flag("do_sample", false)) yield break;
        var sampling = CheckpointSampling.Read(folder);   // checks them
        foreach (var (name, key) in Fractions.Where(value => given.Has(value.Name))) yield return new(key, (float)given.Number(name));
        if (given.Has("top_k")) yield return new(TopK, sampling.TopK);
    }

    /// <summary>What a file gives, as a folder has it; nothing where it gives none, or asks for the likeliest token.</summary>
    /// <param name="keys">The file's keys.</param>
    /// <exception cref="InputException">A value is out of range.</exception>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> Settings(GgufKeys keys)
    {
        var given = new List<(string Name, string Key, double Value)>();
        foreach (var (name, key) in Fractions) if (keys.Real(key) is { } value) given.Add((name, key, value));
        long? topK = keys.Number(TopK);
        bool isGreedy = given.Any(value => value is { Name: "temperature", Value: <= 0 });
        if (isGreedy || (given.Count == 0 && topK is null)) yield break;
        yield return new("do_sample", true);
        foreach (var (name, key, value) in given)
        {
            if (value <= 0 || (name == "top_p" && value > 1))
            {
                throw new InputException($"{keys.Path}: {key} is {value}, expected a number above 0"
                    + $"{(name == "top_p" ? " and at most 1" : "")}. Download or convert it again.");
            }
            yield return new(name, GgufConfig.Shortest(value));
        }
        // below 1 it means all tokens there, which is 0 here
        if (topK is { } count) yield return new("top_k", Math.Clamp(count, 0, ConfigSection.LargestVocabulary));
    }
}
