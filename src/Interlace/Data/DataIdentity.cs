using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Interlace.Data;

/// <summary>What tells one collection of data sets from another without reading its images.</summary>
/// <param name="Sets">Number of data sets.</param>
/// <param name="Rows">Rows of all of them.</param>
/// <param name="Sha256">
/// SHA-256 of the lines <c>set/shard rows bytes</c> of all shards, in order of name; behind them the SHA-256 of a file of JSON rows, and
/// the rate of a set that has one of its own.
/// </param>
public sealed record DataIdentity(int Sets, long Rows, string Sha256)
{
    /// <summary>The identity of opened data.</summary>
    public static DataIdentity Of(DataSource data)
    {
        string[] lines = [.. data.Sets.SelectMany(set => set.Shards.Select(shard => Line(set, shard))).Order(StringComparer.Ordinal)];
        return new(data.Sets.Count, data.Rows, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines)))));
    }

    private static string Line(DataSet set, Shard shard)
    {
        string content = shard.Sha256 is null ? "" : $" {shard.Sha256}";
        string rate = set.Rate is { } own ? $" {own.ToString("R", CultureInfo.InvariantCulture)}" : "";
        return $"{set.Name}/{shard.Name} {shard.Rows} {shard.Length}{content}{rate}\n";
    }
}
