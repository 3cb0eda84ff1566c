using Interlace.Evaluation.Likelihoods;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>Perplexities of texts, and how often the right choice was the likeliest.</summary>
internal sealed class LikelihoodsView(LikelihoodsFile found)
{
    public void Draw(IAnsiConsole console)
    {
        if (found.Texts.Length > 0)
        {
            var table = Layout.Table("texts", "perplexity", "95 % interval", "nats a token", "tokens", "rows");
            foreach (var text in found.Texts)
                table.AddRow(Markup.Escape(text.Name), Layout.Number(text.Perplexity, "0.00"),
                    text.Interval is [var low, var high] ? $"{Layout.Number(low, "0.00")} - {Layout.Number(high, "0.00")}" : "",
                    Layout.Number(text.Loss, "0.0000"), Layout.Count(text.Tokens), $"{text.Rows}");
            console.Write(table);
        }
        if (found.Choices.Length > 0)
        {
            var table = Layout.Table("choices", "right", "95 % interval", "by sums", "chance", "rows");
            foreach (var choice in found.Choices)
                table.AddRow(Markup.Escape(choice.Name), Layout.Number(choice.Percent, "0.0"),
                    choice.Interval is [var low, var high] ? $"{Layout.Number(low, "0.0")} - {Layout.Number(high, "0.0")}" : "",
                    Layout.Number(choice.PercentBySum, "0.0"), Layout.Number(choice.Chance, "0.0"), $"{choice.Rows}");
            console.Write(table);
        }
        string windows = found.Texts.Length > 0 ? $"the first {found.Settings.TextTokens} tokens of each text; " : "";
        console.WriteLine($"{windows}{found.Settings.Dtype} on {found.Settings.Device}; intervals: bootstrap over rows");
        foreach (string remark in found.Remarks) console.WriteLine(remark);
    }
}
