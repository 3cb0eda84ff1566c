using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Vlm.Families;

/// <summary>Sizes of a decoder, from the keys of a GGUF file.</summary>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Inner">Width within the feed-forward part.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="Heads">Heads of queries.</param>
/// <param name="KeyHeads">Heads of keys and values.</param>
/// <param name="HeadSize">Values of a head.</param>
/// <param name="Vocabulary">Rows of the embedding.</param>
internal sealed record GgufSizes(int Hidden, int Inner, int Layers, int Heads, int KeyHeads, int HeadSize, int Vocabulary)
{
    private const int MostLayers = 4096, Widest = 1 << 20, MostHeads = 1 << 14;

    /// <summary>Reads the keys of an architecture.</summary>
    /// <param name="keys">The file's keys.</param>
    /// <param name="prefix">What the keys begin with: the architecture's name.</param>
    /// <param name="vocabulary">Tokens of the file's vocabulary.</param>
    /// <exception cref="InputException">A key is absent, out of range, or contradicts another.</exception>
    public static GgufSizes Read(GgufKeys keys, string prefix, int vocabulary)
    {
        int hidden = Count("embedding_length", Widest), heads = Count("attention.head_count", MostHeads);
        int keyHeads = keys.Has($"{prefix}.attention.head_count_kv") ? Count("attention.head_count_kv", MostHeads) : heads;
        int? given = keys.Count($"{prefix}.attention.key_length");
        int headSize = given ?? hidden / heads;
        if (given is null && hidden % heads != 0)
        {
            throw new InputException($"{keys.Path}: {heads} heads do not divide {hidden} values, "
                + $"and {prefix}.attention.key_length is absent. Download or convert it again.");
        }
        Equal("attention.value_length", headSize);
        Equal("rope.dimension_count", headSize);
        Equal("vocab_size", vocabulary);
        if (headSize > Widest || headSize % 2 != 0 || heads % keyHeads != 0)
        {
            throw new InputException($"{keys.Path}: {heads} heads of {headSize} values with {keyHeads} heads of keys are no such model's. "
                + "Download or convert it again.");
        }
        return new(hidden, Count("feed_forward_length", Widest), Count("block_count", MostLayers), heads, keyHeads, headSize, vocabulary);

        int Count(string name, int most)
        {
            string key = $"{prefix}.{name}";
            int count = keys.Required(key, keys.Count(key));
            return count <= most ? count : throw new InputException($"{keys.Path}: {key} is {count}, more than any model has ({most}).");
        }

        void Equal(string name, int expected)
        {
            string key = $"{prefix}.{name}";
            if (keys.Number(key) is { } found && found != expected)
                throw new InputException($"{keys.Path}: {key} is {found}, and only {expected} goes with the file's other keys here.");
        }
    }
}
