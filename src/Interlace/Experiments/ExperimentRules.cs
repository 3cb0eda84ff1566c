using System.Text.Json.Nodes;
using Interlace.Vlm;

namespace Interlace.Experiments;

/// <summary>Which values of an experiment are possible.</summary>
internal static class ExperimentRules
{
    private static readonly (string Path, string[] Allowed)[] Choices =
    [
        ("device", ["auto", "cpu", "cuda"]),
        ("dtype", ["auto", "fp32", "bf16"]),
        ("data.format", ["auto", "finevision", "llava", "messages", "text"]),
        ("calibrate.states", ["layer", "transformers-4.57", "transformers-5"]),
        ("calibrate.messages", ["all", "first"]),
        ("calibrate.cosines", ["fp32", "bf16"]),
        ("data.draw", ["seeded", "first"]),
        ("data.counts", ["files", "published"]),
        ("data.turns", ["filter", "truncate"]),
        ("data.incomplete", ["skip", "keep"]),
        ("data.reencode", ["none", "jpeg"]),
        ("calibrate.draw", ["ranks", "python"]),
        ("plan.selection", ["greedy", "optimal"]),
        ("plan.tokens", ["all", "image", "prompt", "answer"]),
        ("plan.weighting", ["tokens", "samples"]),
        ("plan.ties", ["second", "first"]),
        ("plan.shortage", ["guard", "pairs", "refuse"]),
        ("plan.consecutive", ["largest_sum", "from_most_similar"]),
        ("plan.random", ["shuffle", "python"]),
        ("plan.tune", ["method", "before", "behind", "both", "none"]),
        ("plan.best_by", ["dropped", "bridged"]),
        ("data.transparency", ["white", "dropped"]),
        ("finetune.loss", ["batch_mean", "micro_batch_mean"]),
        ("finetune.train_on", ["answers", "text", "assistant", "assistant_strict"]),
        ("finetune.roles", ["named", "two"]),
        ("finetune.failing", ["skip", "next"]),
        ("finetune.train", [FineTuneOptions.Tune, FineTuneOptions.Projector, FineTuneOptions.TuneAndProjector, FineTuneOptions.AllKept]),
        ("finetune.optimizer_memory", [FineTuneOptions.Full, FineTuneOptions.Lean]),
        ("finetune.log_to", [FineTuneOptions.LogAlone, FineTuneOptions.TensorBoard]),
        ("finetune.shard", [FineTuneOptions.Unshared, FineTuneOptions.ShareOptimizer, FineTuneOptions.ShareAll]),
        ("finetune.keep_activations", [FineTuneOptions.KeepNone, FineTuneOptions.KeepFree]),
        ("finetune.offload", [FineTuneOptions.OffloadNone, FineTuneOptions.OffloadOptimizer, FineTuneOptions.OffloadAll]),
        ("finetune.objective", [FineTuneOptions.Language, FineTuneOptions.WindowMse]),
        ("evaluate.protocol", ["limited", "cot"]),
        ("evaluate.prompts", ["dataset", "qwen3vl"]),
        ("evaluate.rules", ["2025-11", "2026-08"]),
        ("evaluate.sampling", ["greedy", "qwen", EvaluationOptions.AsCheckpoint]),
        ("evaluate.overrides.*.prompts", ["dataset", "qwen3vl"]),
        ("evaluate.overrides.*.sampling", ["greedy", "qwen", EvaluationOptions.AsCheckpoint]),
        ("evaluate.judge", ["none", "endpoint", "replay"]),
        ("variants.*.selection", ["greedy", "optimal"]),
        ("variants.*.tokens", ["all", "image", "prompt", "answer"]),
        ("variants.*.protocol", ["limited", "cot"]),
        ("variants.*.objective", [FineTuneOptions.Language, FineTuneOptions.WindowMse]),
    ];

    private static readonly (string Path, Func<double, bool> Holds, string Expected)[] Ranges =
    [
        ("data.rate", Part, "a number above 0 and at most 1"),
        ("data.max_images", NotNegative, "0 or more"),
        ("data.max_turns", Positive, "1 or more"),
        ("data.max_tokens", Positive, "1 or more"),
        ("data.text_tokens", Positive, "1 or more"),
        ("data.max_pixels", Positive, "1 or more"),
        ("data.workers", NotNegative, "0 or more"),
        ("calibrate.fraction", Part, "a number above 0 and at most 1"),
        ("calibrate.max_window", number => number >= 3, "3 or more"),
        ("calibrate.batch_tokens", Positive, "1 or more"),
        ("calibrate.evidence_samples", Positive, "1 or more"),
        ("calibrate.sleb_ratio", number => number is >= 0 and < 1, "a number from 0 to below 1"),
        ("calibrate.adaptive_confidence", Part, "a number above 0 and at most 1"),
        ("plan.rounds", Positive, "1 or more"),
        ("plan.longest_run", Positive, "1 or more"),
        ("plan.candidates", NotNegative, "0 or more"),
        ("plan.ratio", number => number is >= 0 and < 1, "a number from 0 to below 1"),
        ("prune.ridge", NotNegative, "0 or more"),
        ("prune.max_samples", Positive, "1 or more"),
        ("finetune.min_pixels", Positive, "1 or more"),
        ("finetune.max_pixels", Positive, "1 or more"),
        ("finetune.learning_rate", number => number > 0, "a number above 0"),
        ("finetune.warmup_ratio", number => number is >= 0 and <= 1, "a number from 0 to 1"),
        ("finetune.epochs", Positive, "1 or more"),
        ("finetune.max_steps", Positive, "1 or more"),
        ("finetune.samples_per_step", Positive, "1 or more"),
        ("finetune.micro_batch_samples", Positive, "1 or more"),
        ("finetune.micro_batch_tokens", Positive, "1 or more"),
        ("finetune.beta1", number => number is >= 0 and < 1, "a number from 0 to below 1"),
        ("finetune.beta2", number => number is >= 0 and < 1, "a number from 0 to below 1"),
        ("finetune.epsilon", number => number > 0, "a number above 0"),
        ("finetune.weight_decay", NotNegative, "0 or more"),
        ("finetune.clip_norm", number => number > 0, "a number above 0"),
        ("finetune.validation", number => number is >= 0 and < 1, "a number from 0 to below 1"),
        ("finetune.save_every", Positive, "1 or more"),
        ("finetune.distill", number => number is >= 0 and <= 1, "a number from 0 to 1"),
        ("finetune.distill_hidden", NotNegative, "0 or more"),
        ("finetune.lora", NotNegative, "0 or more"),
        ("finetune.lora_alpha", number => number > 0, "a number above 0"),
        ("finetune.distill_temperature", number => number > 0, "a number above 0"),
        ("evaluate.text_tokens", number => number >= 2, "2 or more"),
        ("evaluate.limit", Positive, "1 or more"),
        ("evaluate.max_new_tokens", Positive, "1 or more"),
        ("evaluate.slots", Positive, "1 or more"),
        ("evaluate.temperature", NotNegative, "0 or more"),
        ("evaluate.check_batching", NotNegative, "0 or more"),
        ("evaluate.overrides.*.limit", Positive, "1 or more"),
        ("evaluate.overrides.*.max_new_tokens", Positive, "1 or more"),
        ("evaluate.latency_samples", NotNegative, "0 or more"),
        ("evaluate.judge_timeout", number => number is > 0 and <= 86_400, "a number of seconds above 0 and at most 86400"),
        ("variants.*.ratio", number => number is >= 0 and < 1, "a number from 0 to below 1"),
        ("variants.*.rounds", Positive, "1 or more"),
        ("variants.*.distill", number => number is >= 0 and <= 1, "a number from 0 to 1"),
        ("evaluate.judge_calls", number => number is >= 1 and <= 256, "1 to 256"),
    ];

    /// <summary>Texts in whose place a secret might be given by mistake: a wrong one is not repeated in the message.</summary>
    private static readonly (string Path, Func<string, bool> Holds, string Expected)[] Texts =
    [
        ("evaluate.judge_endpoint", IsJudgeAddress, JudgeAddressForm),
        ("evaluate.judge_key", IsVariable, "the name of an environment variable such as INTERLACE_JUDGE_KEY, never the key itself"),
    ];

    /// <summary>What the address of a judge looks like, for messages.</summary>
    internal const string JudgeAddressForm = "http:// or https:// with a host and a path, and neither user name, query nor fragment";

    /// <summary>The values that have a rule; a star stands for any name.</summary>
    public static IEnumerable<string> Paths =>
        [.. Choices.Select(rule => rule.Path), .. Ranges.Select(rule => rule.Path), .. Texts.Select(rule => rule.Path)];

    /// <summary>The values that a place may have, where they are a few texts; else none.</summary>
    public static IReadOnlyList<string> ChoicesOf(string path) => Choices.FirstOrDefault(rule => rule.Path == path).Allowed ?? [];

    /// <summary>Checks a complete experiment.</summary>
    /// <param name="experiment">The experiment as JSON of the right types.</param>
    /// <param name="source">Stands before every message.</param>
    /// <param name="only">Checks this value alone.</param>
    /// <param name="shownAs">What the message calls it.</param>
    /// <exception cref="InputException">A value is impossible.</exception>
    public static void Check(JsonObject experiment, string source, string? only = null, string? shownAs = null)
    {
        foreach (var (rule, allowed) in Choices)
            foreach (var (path, value) in Values(experiment, rule))
                if ((only ?? path) == path && value.GetValue<string>() is var text && !allowed.Contains(text))
                {
                    throw new InputException($"{source}{shownAs ?? path} is '{text}', "
                        + $"expected {string.Join(", ", allowed[..^1])} or {allowed[^1]}.");
                }
        foreach (var (rule, holds, expected) in Ranges)
            foreach (var (path, value) in Values(experiment, rule))
                if ((only ?? path) == path && !holds(double.Parse(value.ToJsonString())))
                    throw new InputException($"{source}{shownAs ?? path} is {value.ToJsonString()}, expected {expected}.");
        foreach (var (rule, holds, expected) in Texts)
            foreach (var (path, value) in Values(experiment, rule))
                if ((only ?? path) == path && !holds(value.GetValue<string>()))
                    throw new InputException($"{source}{shownAs ?? path} is not possible, expected {expected}.");
    }

    /// <summary>Whether a text is the address of a judge, as <see cref="JudgeAddressForm"/> says.</summary>
    internal static bool IsJudgeAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri is { UserInfo: "", Query: "", Fragment: "" };

    private static bool IsVariable(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && text is not [>= '0' and <= '9', ..] && text.Any(char.IsAsciiLetterUpper)
            && !text.Any(char.IsAsciiLetterLower);
    private static bool Part(double number) => number is > 0 and <= 1;
    private static bool Positive(double number) => number >= 1;
    private static bool NotNegative(double number) => number >= 0;

    /// <summary>The values at a place, each with its own path: several where the place has a star, none where nothing is set.</summary>
    private static IEnumerable<(string Path, JsonNode Value)> Values(JsonObject experiment, string rule)
    {
        IEnumerable<(string Path, JsonNode Value)> found = [("", experiment)];
        foreach (string name in rule.Split('.'))
            found = [.. found.SelectMany(at => Members(at.Value)
                .Where(member => member.Value is not null && (name == "*" || member.Key == name))
                .Select(member => (at.Path.Length == 0 ? member.Key : $"{at.Path}.{member.Key}", member.Value!)))];
        return found;
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Members(JsonNode node) =>
        node is JsonArray list ? list.Index().Select(entry => KeyValuePair.Create($"{entry.Index}", entry.Item)) : node.AsObject();
}
