using Interlace.Importing;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>What an imported model's weights were before.</summary>
internal static class ImportView
{
    /// <summary>Draws a record.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="folder">The folder that was made; null where it is shown besides.</param>
    /// <param name="record">The record.</param>
    public static void Draw(IAnsiConsole console, string? folder, ImportFile record)
    {
        var facts = Layout.Facts();
        if (folder is not null) facts.AddRow("model", Markup.Escape(folder));
        facts.AddRow("imported from", Markup.Escape($"{record.Source.Name}, {Layout.Bytes(record.Source.Bytes)}"));
        facts.AddRow("sha256", Markup.Escape(record.Source.Sha256));
        facts.AddRow("architecture", Markup.Escape(record.Architecture));
        facts.AddRow("weights in it", Markup.Escape(
            string.Join(", ", record.Weights.Select(weights => $"{Layout.Count(weights.Count)} {weights.Type}"))));
        facts.AddRow("written as", Markup.Escape(record.Dtype));
        console.Write(facts);
        console.WriteLine(record.Note);
    }
}
