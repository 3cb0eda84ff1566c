using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Interlace.Evaluation.Judges;

/// <summary>A question to a judge.</summary>
/// <param name="Prompt">The text, which images follow.</param>
/// <param name="Images">Encoded images; none where the text alone is judged.</param>
/// <param name="Attempt">How often the same was asked before, from 0.</param>
/// <param name="Temperature">0 unless the published procedure raises it from attempt to attempt.</param>
public sealed record JudgeRequest(string Prompt, IReadOnlyList<byte[]> Images, int Attempt = 0, double Temperature = 0)
{
    /// <summary>SHA-256 of model, prompt and images, each with its length before it, in lower-case hexadecimal.</summary>
    public string Sha256(string model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[8];
        foreach (byte[] part in (IEnumerable<byte[]>)[Encoding.UTF8.GetBytes(model), Encoding.UTF8.GetBytes(Prompt), .. Images])
        {
            BinaryPrimitives.WriteInt64LittleEndian(length, part.Length);
            hash.AppendData(length);
            hash.AppendData(part);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
