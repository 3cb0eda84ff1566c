using System.Security.Cryptography;
using System.Text;

namespace Interlace.Vlm.Hub;

/// <summary>What a content must be to be believed.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Hash">Its hash, in lower-case hexadecimal.</param>
/// <param name="Algorithm">How that is taken.</param>
/// <param name="HashName">What the hash is called in messages.</param>
/// <param name="Header">Bytes that are hashed before it.</param>
internal sealed record ExpectedContent(string Name, long Size, string Hash, HashAlgorithmName Algorithm, string HashName, byte[] Header)
{
    /// <summary>A file of a repository: git hashes a file with its size before it.</summary>
    public static ExpectedContent Of(HubFile file, HubRepository repository)
    {
        string name = $"{file.Path} of {repository.Written}";
        return file.Sha256 is { } sha ? new(name, file.Size, sha, HashAlgorithmName.SHA256, "SHA-256", [])
            : new(name, file.Size, file.GitSha1, HashAlgorithmName.SHA1, "git hash", Encoding.ASCII.GetBytes($"blob {file.Size}\0"));
    }

    /// <summary>The hash of a file.</summary>
    public async Task<string> HashOf(FileStream stream, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(Algorithm);
        hash.AppendData(Header);
        stream.Position = 0;
        byte[] buffer = new byte[1 << 20];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0) hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
