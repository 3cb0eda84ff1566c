using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Interlace.Server;

/// <summary>
/// The key that callers must know, in the header that OpenAI's clients send. Keys are compared by their hashes, in a time that does not
/// depend on where two differ, nor on their lengths.
/// </summary>
internal sealed class ApiKey(string key)
{
    private const string Scheme = "Bearer ";
    private readonly byte[] _hash = Hash(key);

    /// <exception cref="RequestException">The request has no key or another one.</exception>
    public void Check(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        bool named = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        if (CryptographicOperations.FixedTimeEquals(Hash(named ? header[Scheme.Length..] : ""), _hash)) return;
        throw new RequestException(401, named ? "The API key is wrong." : "An API key is needed: send it as 'Authorization: Bearer KEY'.",
            code: "invalid_api_key");
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
