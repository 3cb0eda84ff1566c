using System.Security.Cryptography;
using System.Text;

namespace Interlace.Data;

/// <summary>What tells one folder of data sets from another without reading its rows.</summary>
/// <param name="Sets">Number of data sets.</param>
/// <param name="Rows">Rows of all of them.</param>
/// <param name="Sha256">SHA-256 of the lines <c>set/shard rows bytes</c> of all shards, in order of name.</param>
public sealed record DataIdentity(int Sets, long Rows, string Sha256)
{
    /// <summary>The identity of an opened folder.</summary>
    public static DataIdentity Of(FineVision data)
    {
        string[] lines = [.. data.Sets.SelectMany(set =>
            set.Shards.Select(shard => $"{set.Name}/{shard.Name} {shard.Rows} {shard.Length}\n")).Order(StringComparer.Ordinal)];
        return new(data.Sets.Count, data.Rows, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines)))));
    }
}
