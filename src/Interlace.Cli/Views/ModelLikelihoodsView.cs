using Interlace.Reporting;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>Perplexities and choices by likelihood of several models, one a line.</summary>
internal static class ModelLikelihoodsView
{
    /// <param name="console">Where to draw.</param>
    /// <param name="models">The models.</param>
    /// <param name="of">What they were made of; null where that is clear.</param>
    public static void Draw(IAnsiConsole console, IReadOnlyList<ModelLikelihoods> models, string? of = null)
    {
        string[] texts = [.. models.SelectMany(model => model.Texts).Select(text => text.Name).Distinct()];
        string[] choices = [.. models.SelectMany(model => model.Choices).Select(choice => choice.Name).Distinct()];
        var table = Layout.Table(["", .. texts, .. texts.Length > 0 ? ["times"] : (string[])[], .. choices]);
        string Number(IEnumerable<LikelihoodScore> scores, string name, string format) =>
            scores.FirstOrDefault(score => score.Name == name) is { } score ? Layout.Number(score.Value, format) : "";
        foreach (var model in models)
            table.AddRow([Markup.Escape(of is null ? model.Name : $"{of}: {model.Name}"),
                .. texts.Select(name => Number(model.Texts, name, "0.00")),
                .. texts.Length > 0 ? [model.Ratio is { } ratio ? Layout.Number(ratio, "0.000") : ""] : (string[])[],
                .. choices.Select(name => Number(model.Choices, name, "0.0"))]);
        console.Write(table);
        if (texts.Length > 0) console.WriteLine("perplexities, and how many times the first model's they are; the lower the better");
        if (choices.Length > 0) console.WriteLine($"{string.Join(", ", choices)}: choices by likelihood, percent right");
    }
}
