using System.Text;
using Interlace.Evaluation.Python;
using Interlace.Evaluation.Tables;
using Interlace.Vlm.Text;

namespace Interlace.Evaluation.Asking;

/// <summary>The exact texts that VLMEvalKit asks a model (evaluation rule 6).</summary>
public static class Prompts
{
    /// <summary>The text of a question; it stands after all images of the message and is neither trimmed nor changed further.</summary>
    public static string Text(Benchmark benchmark, BenchmarkRow row, PromptStyle style = PromptStyle.Dataset)
    {
        bool custom = style == PromptStyle.Custom;
        return benchmark.PromptKind switch
        {
            PromptKind.Choice => Choice(row, custom),
            _ when custom && benchmark.Kind == BenchmarkKind.YesNo => $"{row.Question} Please answer yes or no.",
            // Instructions (MIA-Bench) too, which it contradicts: to the published class everything else is of the type VQA.
            _ when custom => $"{row.Question}\nPlease answer concisely with short words or phrases when possible.",
            PromptKind.ShortAnswer => $"{row.Question}\nAnswer the question using a single word or phrase.",
            _ => row.Question,
        };
    }

    /// <summary>The whole message: one user turn, <paramref name="imageCount"/> images, then the text.</summary>
    public static ChatMessage Message(Benchmark benchmark, BenchmarkRow row, int imageCount, PromptStyle style = PromptStyle.Dataset) =>
        new("user", [.. Enumerable.Range(0, imageCount).Select(_ => new ImagePart()), new TextPart(Text(benchmark, row, style))]);

    private static string Choice(BenchmarkRow row, bool custom)
    {
        StringBuilder text = new();
        if (row["hint"] is { } hint) text.Append($"Hint: {hint}\n");
        text.Append($"Question: {row.Question}\n");
        if (row.Options.Count > 0)
        {
            text.Append("Options:\n");
            foreach (Option option in row.Options) text.Append($"{option.Letter}. {option.Text}\n");
            text.Append(custom ? "Answer with the option letter only." : "Please select the correct answer from the options above. \n");
        }
        return custom ? TrimEnd(text.ToString()) : text.ToString();
    }

    private static string TrimEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && PythonText.IsSpace(text[end - 1])) end--;
        return text[..end];
    }
}
