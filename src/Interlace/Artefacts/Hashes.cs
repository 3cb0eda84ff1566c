using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Interlace.Artefacts;

/// <summary>Hashes that tell whether saved work belongs to the work at hand.</summary>
internal static class Hashes
{
    /// <summary>SHA-256 of values as JSON, in lower-case hexadecimal.</summary>
    public static string Of<T>(T value, JsonTypeInfo<T> type) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(value, type)));

    /// <summary>SHA-256 of a text, in lower-case hexadecimal.</summary>
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
