using System.Globalization;
using System.Text.Json;
using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Artefacts;

/// <summary>
/// What the state of unfinished work says of itself in the header of its file. It may be of an older version, damaged, or edited by hand.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="entries">The text entries of its header.</param>
internal sealed class SavedState(string path, IReadOnlyDictionary<string, string> entries)
{
    private const string Key = "key", Model = "model", Skipped = "skipped";

    /// <summary>The entries that every state has.</summary>
    /// <param name="key">Hash of everything that decides what the work comes to.</param>
    /// <param name="model">The model that it is done with, where that is known.</param>
    /// <param name="skipped">Samples left out so far.</param>
    public static Dictionary<string, string> Entries(string key, ModelIdentity? model, SkipCounts skipped)
    {
        var entries = new Dictionary<string, string> { [Key] = key, [Skipped] = skipped.ToJson() };
        if (model is not null) entries[Model] = JsonSerializer.Serialize(model, ArtefactJson.Escaped<ModelIdentity>());
        return entries;
    }

    /// <summary>Whether the state belongs to the work at hand. A state of other settings does not: that work begins anew.</summary>
    /// <param name="key">Hash of everything that decides what the work at hand comes to.</param>
    /// <param name="model">The model of the work at hand, where the state of another one is to be refused.</param>
    /// <exception cref="InputException">The model was another one when the state was saved.</exception>
    public bool BelongsTo(string key, ModelIdentity? model = null)
    {
        if (entries.GetValueOrDefault(Key) == key) return true;
        if (model is not null && entries.TryGetValue(Model, out string? then))
            SameModel.Require(Parsed(then, text => StrictJson.Parse(text, ArtefactJson.Readable<ModelIdentity>()), Model), model, path);
        return false;
    }

    /// <summary>A whole number.</summary>
    /// <exception cref="InputException">It is absent, none, or smaller or larger than it can be.</exception>
    public long Number(string name, long most, long least = 0) =>
        long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most
            ? number
            : throw Damaged($"its {name} is '{Text(name)}', expected {least} to {most}");

    /// <summary>Whole numbers from 0 on that never fall, separated by commas; none where the entry is absent.</summary>
    /// <exception cref="InputException">One is none, or larger than it can be.</exception>
    public int[] Numbers(string name, int most)
    {
        if (!entries.ContainsKey(name)) return [];
        var numbers = new List<int>();
        foreach (string text in Text(name).Split(',', StringSplitOptions.RemoveEmptyEntries))
            numbers.Add(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= most
                && number >= numbers.LastOrDefault() ? number : throw Damaged($"its {name} are '{Text(name)}'"));
        return [.. numbers];
    }

    /// <summary>Samples left out so far.</summary>
    /// <exception cref="InputException">The entry is absent or no such count.</exception>
    public SkipCounts SkipCounts()
    {
        var counts = Parsed(Text(Skipped), Data.SkipCounts.Parse, Skipped);
        return counts.All(count => count.Value >= 0) ? counts : throw Damaged($"its {Skipped} has a negative count");
    }

    /// <summary>The sentence about a damaged state.</summary>
    public InputException Damaged(string fault) =>
        new($"{path} is damaged: {fault}; delete it to begin this stage again, or start over with --force.");

    private string Text(string name) => entries.GetValueOrDefault(name) ?? throw Damaged($"it has no {name}");

    private T Parsed<T>(string text, Func<string, T> parse, string name)
    {
        try
        {
            return parse(text);
        }
        catch (JsonException e)
        {
            throw Damaged($"its {name} cannot be read ({e.Message.TrimEnd('.')})");
        }
    }
}
