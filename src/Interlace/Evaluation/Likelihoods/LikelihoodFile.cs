using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Data.Json;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;
using Interlace.Vlm.Text;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>A file of JSON rows that a model is measured on: texts, or contexts with choices of how they go on.</summary>
/// <param name="Name">Its name without the endings <c>.gz</c>, <c>.jsonl</c> and <c>.json</c>.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Kind">What its rows are.</param>
/// <param name="Rows">Rows there are, up to the limit.</param>
/// <param name="Sha256">SHA-256 of its rows, unpacked.</param>
public sealed record LikelihoodFile(string Name, string Path, LikelihoodKind Kind, int Rows, string Sha256)
{
    private const int FewestChoices = 2, MostChoices = 100;

    private static readonly string[] Endings = [RowStream.Packed, ".jsonl", ".json"];

    /// <summary>Reads a file once: every byte for its hash, and its rows up to one that can be used.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What its rows are.</param>
    /// <param name="limit">At most this many rows are used; null for all.</param>
    /// <exception cref="InputException">It is absent or damaged, or none of the rows that are used has the form of its kind.</exception>
    internal static LikelihoodFile Open(string path, LikelihoodKind kind, int? limit)
    {
        string name = System.IO.Path.GetFileName(path);
        foreach (string ending in Endings)
            if (name.EndsWith(ending, StringComparison.Ordinal)) name = name[..^ending.Length];
        PlainName.Check(name, "The name of a file of texts or choices");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using Stream file = RowStream.Open(path, FileOptions.SequentialScan);
        JsonRows rows = new(file, path, hash);
        int count = 0;
        bool fits = false;
        string? fault = null;
        for (rows.Begin(); rows.Next();)
        {
            if (count >= (limit ?? int.MaxValue) || ++count == int.MaxValue) continue;   // read on for the hash
            if (!fits && FaultOf(rows, kind) is { } found) fault ??= $"the first of them, in line {rows.Line}, {found}";
            else fits = true;
        }
        if (!fits)
        {
            throw new InputException(count == 0 ? $"The file '{path}' holds no rows."
                : $"Not one row of the file '{path}' can be used: {fault}; docs/data.md shows the rows that are read.");
        }
        return new(name, path, kind, count, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>Its rows one after the other, those that have not the form of its kind as null.</summary>
    /// <exception cref="InputException">It has changed since it was opened.</exception>
    internal IEnumerable<LikelihoodRow?> Read()
    {
        using Stream file = RowStream.Open(Path, FileOptions.SequentialScan);
        JsonRows rows = new(file, Path);
        rows.Begin();
        for (int row = 0; row < Rows; row++)
        {
            if (!rows.Next()) throw new InputException($"The file '{Path}' has fewer rows than it had: start again.");
            LikelihoodRow? found;
            try
            {
                found = rows.Length > JsonRows.MostRowBytes ? null : Parse(rows.Bytes(), Kind);
            }
            catch (FormatException)
            {
                found = null;
            }
            yield return found;
        }
    }

    private static string? FaultOf(JsonRows place, LikelihoodKind kind)
    {
        if (place.Length > JsonRows.MostRowBytes)
            return $"has {place.Length} bytes, more than the {JsonRows.MostRowBytes} that are read of a row";
        try
        {
            Parse(place.Bytes(), kind);
            return null;
        }
        catch (FormatException e)
        {
            return Printable.Line(e.Message, Printable.LongestLine / 2);
        }
    }

    private static LikelihoodRow Parse(byte[] json, LikelihoodKind kind)
    {
        if (kind == LikelihoodKind.Texts)
        {
            string? text = JsonRow.Parse(json, DataFormat.Text).Turns[0].Text;
            return new(text ?? throw new FormatException("has a 'text' that is null"), [], null);
        }
        JsonObject row;
        try
        {
            row = StrictJson.Parse(json) as JsonObject ?? throw new FormatException("is no JSON object");
        }
        catch (JsonException e)
        {
            throw new FormatException($"is no JSON ({e.Message.TrimEnd('.')})", e);
        }
        if (row["choices"] is not JsonArray { Count: >= FewestChoices and <= MostChoices } list)
            throw new FormatException($"has no list 'choices' of {FewestChoices} to {MostChoices} texts");
        string[] choices = [.. list.Select(choice => JsonRow.Text(choice) ?? throw new FormatException("has a choice that is null"))];
        int? answer = row["answer"] is JsonValue number && number.TryGetValue(out int index) ? index : null;
        if (answer is not { } right || right < 0 || right >= choices.Length)
            throw new FormatException($"has no 'answer' from 0 to {choices.Length - 1}, the place of the right choice");
        return new(JsonRow.Text(row["context"]) ?? throw new FormatException("has no 'context'"), choices, right);
    }
}
