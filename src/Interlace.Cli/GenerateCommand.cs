using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Cli;

/// <summary><c>generate MODEL --image I... "question"</c>: one answer of a model, printed as it comes.</summary>
internal static class GenerateCommand
{
    private static readonly GenerationOptions Greedy = new();

    private static readonly Argument<string> Question = new("QUESTION") { Description = "What to ask." };
    private static readonly Option<string[]> Images =
        new("--image") { Description = "Image to ask about; may be repeated, in the order in which the model sees them.",
        HelpName = "FILE" };
    private static readonly Option<string?> SystemText =
        new("--system") { Description = "System message before the question.", HelpName = "TEXT" };

    private static readonly Option<int?> MaxNewTokens = Whole("--max-new-tokens",
        $"At most this many tokens of answer (default: {Greedy.MaxNewTokens}).", 1);
    private static readonly Option<string?> Preset =
        new("--sampling") { Description = "greedy, or qwen: temperature 0.7, top-k 20, top-p 0.8 and presence penalty 1.5 where no "
            + "option says otherwise (default: greedy).", HelpName = "name" };
    private static readonly Option<double?> Temperature = Number("--temperature",
        "0 takes the likeliest token; above, tokens are drawn (default: 0).", number => number >= 0, "a number of at least 0");
    private static readonly Option<int?> TopK = Whole("--top-k", "Draw from this many likeliest tokens only; 0 for all (default: 0).", 0);
    private static readonly Option<double?> TopP =
        Number("--top-p", "Draw from the likeliest tokens that together reach this probability (default: 1).",
        number => number is > 0 and <= 1, "a number above 0 and at most 1");
    private static readonly Option<double?> PresencePenalty = Number("--presence-penalty",
        "Lowers the logits of tokens that the answer already has (default: 0).", double.IsFinite, "a number");
    private static readonly Option<double?> RepetitionPenalty = Number("--repetition-penalty",
        "Divides the logits of tokens that prompt or answer already have (default: 1).", number => number > 0, "a number above 0");

    /// <summary>What the model is told: any text, also none.</summary>
    public static IReadOnlyList<Symbol> Said { get; } = [Question, SystemText];

    public static Verb Create() => new("generate", "Ask a model about images and print its answer as it comes.",
    [
        "interlace generate models/Qwen3-VL-2B-Instruct --image cup.jpg \"What is in the cup?\"",
        "interlace generate run/tuned --image left.png --image right.png \"What differs?\" --sampling qwen --temperature 0.5 --seed 1",
        "interlace generate run/pruned --image chart.png \"Which bar is the highest?\" --json",
    ], Run)
    {
        ModelOptions.Model, Question, Images, SystemText, MaxNewTokens, Preset, Temperature, TopK, TopP, PresencePenalty, RepetitionPenalty,
            ModelOptions.MaxPixels,
    };

    private static int Run(Invocation invocation)
    {
        var options = Options(invocation);
        var watch = Stopwatch.StartNew();
        using var model = ModelOptions.Open(invocation);
        double load = Lap(watch);
        var prompt = ModelOptions.Encode(model, Conversation(invocation), addGenerationPrompt: true);
        double encode = Lap(watch);

        var decoder = new StreamingDecoder(model.Processor.Tokenizer);
        var text = new StringBuilder();
        double? firstToken = null;
        void Show(string piece)
        {
            if (text.Length == 0 && model.Processor.AnswersBeginWithSpace && piece.StartsWith(' ')) piece = piece[1..];
            text.Append(piece);
            if (invocation.Json) return;
            invocation.Out.Write(invocation.OutIsTerminal ? Printable.Lines(piece) : piece);
            invocation.Out.Flush();
        }
        var generator = new Generator(model.Model, options, [.. model.StopIds]);
        var answer = generator.Run([prompt], (_, id) =>
        {
            firstToken ??= watch.Elapsed.TotalSeconds;
            Show(decoder.Append(id));
        }, cancellation: invocation.Cancellation).Single();
        Show(decoder.Flush());
        double generate = watch.Elapsed.TotalSeconds, rest = generate - firstToken!.Value;

        if (!invocation.Json) invocation.Out.WriteLine();
        else invocation.Print(() => ToJson(text.ToString(), prompt, answer, load, encode, firstToken.Value, rest), _ => { });
        invocation.Log($"{prompt.Length} prompt tokens ({prompt.Count(TokenKind.Image)} of images), "
            + $"{answer.Ids.Length} new in {Layout.Number(generate, "0.00")} s, the first after {Layout.Number(firstToken.Value, "0.00")} s"
            + (answer.Reason == FinishReason.Length ? "; cut off at --max-new-tokens." : "."));
        return ExitCode.Done;
    }

    private static List<ChatMessage> Conversation(Invocation invocation)
    {
        var user = new ChatMessage("user",
            [.. (invocation.Get(Images) ?? []).Select(path => new ImagePart(path)), new TextPart(invocation.Get(Question))]);
        return invocation.Get(SystemText) is { } system ? [new("system", system), user] : [user];
    }

    private static GenerationOptions Options(Invocation invocation)
    {
        var preset = GenerationOptions.Preset(invocation.Get(Preset) ?? "greedy");
        return new(
            invocation.Get(MaxNewTokens) ?? preset.MaxNewTokens,
            invocation.Get(Temperature) ?? preset.Temperature,
            invocation.Get(TopK) ?? preset.TopK,
            invocation.Get(TopP) ?? preset.TopP,
            invocation.Get(PresencePenalty) ?? preset.PresencePenalty,
            invocation.Get(RepetitionPenalty) ?? preset.RepetitionPenalty,
            (ulong)invocation.Experiment().Seed,
            Slots: 1);
    }

    private static JsonObject ToJson(string text, EncodedSample prompt, Generated answer, double load, double encode, double firstToken,
        double rest) => new()
    {
        ["text"] = text,
        ["finish_reason"] = answer.Reason == FinishReason.Stop ? "stop" : "length",
        ["prompt_tokens"] = prompt.Length,
        ["image_tokens"] = prompt.Count(TokenKind.Image),
        ["new_tokens"] = answer.Ids.Length,
        ["new_ids"] = new JsonArray([.. answer.Ids.Select(id => (JsonNode)id)]),
        ["seconds"] = new JsonObject { ["load"] = Math.Round(load, 4), ["encode"] = Math.Round(encode, 4),
        ["first_token"] = Math.Round(firstToken, 4), ["further_tokens"] = Math.Round(rest, 4) },
    };

    private static double Lap(Stopwatch watch)
    {
        double seconds = watch.Elapsed.TotalSeconds;
        watch.Restart();
        return seconds;
    }

    private static Option<int?> Whole(string name, string help, int least) =>
        CommonOptions.Parsed<int?>(name, help, text => int.TryParse(text, out int number) && number >= least
            ? number : null, $"a whole number of at least {least}");

    private static Option<double?> Number(string name, string help, Func<double, bool> holds, string expected) =>
        CommonOptions.Parsed<double?>(name, help,
            text => double.TryParse(text, out double number) && double.IsFinite(number) && holds(number) ? number : null, expected);
}
