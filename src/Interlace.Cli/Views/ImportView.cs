using Interlace.Importing;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>What an imported model's weights were before.</summary>
internal static class ImportView
{
    /// <summary>Draws the record of a folder.</summary>
    public static void Draw(IAnsiConsole console, string folder, ImportFile record)
    {
        var facts = Layout.Facts();
        facts.AddRow("model", Markup.Escape(folder));
        facts.AddRow("imported from", Markup.Escape($"{record.Source.Name}, {Layout.Bytes(record.Source.Bytes)}"));
        facts.AddRow("sha256", Markup.Escape(record.Source.Sha256));
        facts.AddRow("architecture", Markup.Escape(record.Architecture));
        facts.AddRow("weights there", Markup.Escape(
            string.Join(", ", record.Weights.Select(weights => $"{Layout.Count(weights.Count)} {weights.Type}"))));
        facts.AddRow("weights here", Markup.Escape(record.Dtype));
        console.Write(facts);
        console.WriteLine(record.Note);
    }
}
