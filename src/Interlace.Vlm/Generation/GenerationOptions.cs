namespace Interlace.Vlm.Generation;

/// <summary>How answers are generated. The defaults are greedy decoding.</summary>
/// <param name="MaxNewTokens">At most this many tokens an answer.</param>
/// <param name="Temperature">0 takes the likeliest token; else logits are divided by it before sampling.</param>
/// <param name="TopK">Only this many likeliest tokens are sampled from; 0 for all.</param>
/// <param name="TopP">Only the likeliest tokens that together reach this probability; 1 for all.</param>
/// <param name="PresencePenalty">
/// Subtracted once from the logit of every token already generated (vLLM's meaning: prompt tokens do not count).
/// </param>
/// <param name="RepetitionPenalty">
/// Logits of tokens of the prompt and the answer are divided by it if positive, else multiplied (Hugging Face's meaning).
/// </param>
/// <param name="Seed">Seed of sampling; each sample draws from its own sequence, so that batching changes nothing.</param>
/// <param name="Slots">Conversations in flight at once.</param>
/// <param name="PrefillTokens">At most this many prompt tokens are read in one pass (a longer prompt stands alone).</param>
public sealed record GenerationOptions(
    int MaxNewTokens = 256, double Temperature = 0, int TopK = 0, double TopP = 1, double PresencePenalty = 0,
    double RepetitionPenalty = 1, ulong Seed = 0, int Slots = 16, int PrefillTokens = 8192)
{
    /// <summary>The settings that have a name: greedy, and qwen, which is what Qwen publishes for its instruction-tuned models.</summary>
    public static IReadOnlyDictionary<string, GenerationOptions> Presets { get; } =
        new Dictionary<string, GenerationOptions>(StringComparer.Ordinal)
    {
        ["greedy"] = new(),
        ["qwen"] = new(Temperature: 0.7, TopK: 20, TopP: 0.8, PresencePenalty: 1.5),
    };

    /// <summary>The likeliest token of the logits as they are.</summary>
    internal bool IsPlainGreedy => this is { Temperature: 0, PresencePenalty: 0, RepetitionPenalty: 1 };

    /// <summary>The seed of the answer to a prompt, made from the seed of the options and the prompt's 0-based place.</summary>
    public ulong SeedOf(int index) => Seed ^ (0x9E3779B97F4A7C15 * ((ulong)index + 1));

    /// <summary>The settings of a name.</summary>
    /// <exception cref="InputException">There are none of this name.</exception>
    public static GenerationOptions Preset(string name) => Presets.TryGetValue(name, out var preset) ? preset
        : throw new InputException($"The sampling is '{name}', expected {string.Join(" or ", Presets.Keys)}.");
}
