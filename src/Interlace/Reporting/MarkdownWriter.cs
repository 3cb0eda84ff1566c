using System.Text;

namespace Interlace.Reporting;

/// <summary>Writes a document as Markdown, for a README or a comment on a change.</summary>
/// <param name="document">The document.</param>
/// <param name="figures">Folder of the drawings, as a link has it; null where they are not in files.</param>
internal sealed class MarkdownWriter(Document document, string? figures = null)
{
    private readonly StringBuilder _text = new();

    public string Write()
    {
        _text.Append($"# {Plain(document.Title)}\n\n{Plain(document.Lead)}\n");
        if (document.Note is { } note) _text.Append($"\n{Plain(note)}\n");
        foreach (Section section in document.Sections.Where(section => !section.PageOnly))
        {
            if (section.Title is { } title) _text.Append($"\n## {Plain(title)}\n");
            foreach (Block block in section.Blocks) Write(block);
        }
        return _text.ToString();
    }

    private void Write(Block block)
    {
        switch (block)
        {
            case Paragraph paragraph:
                _text.Append($"\n{Plain(paragraph.Text)}\n");
                break;
            case Facts facts:
                Heads([facts.NameHead, facts.ValueHead], [false, false]);
                foreach ((string name, string value) in facts.Entries) Line([name, value]);
                break;
            case Verbatim verbatim:
                _text.Append($"\n```\n{verbatim.Text.TrimEnd('\n').Replace("```", "'''", StringComparison.Ordinal)}\n```\n");
                break;
            case Folded folded:
                _text.Append($"\n### {Plain(folded.Title)}\n");
                foreach (Block inner in folded.Blocks) Write(inner);
                break;
            case Figure figure when figures is not null:
                _text.Append($"\n![{Plain(figure.Caption)}]({figures}/{figure.Key}.svg)\n\n{Plain(figure.Caption)}\n");
                break;
            case Figure { Text: { } characters }:
                Write(new Verbatim(characters));
                break;
            case Figure:
                break;
            case Cards cards:
                Heads(["question", "correct", "answers"], [false, false, false]);
                foreach (ExampleQuestion example in cards.Examples)
                    Line([example.Question, example.CorrectAnswer,
                        string.Join("; ", example.Answers.Select(answer =>
                        $"{answer.Model} ({Summary.Verdict(answer.Right)}): {answer.Text}"))]);
                break;
            case Table table:
                Write(table);
                break;
            default:
                throw new ArgumentException($"Markdown has no form for {block.GetType().Name}.", nameof(block));
        }
    }

    private void Write(Table table)
    {
        Heads([table.Corner, .. table.Columns.Select(column => column.Group is { } group ? $"{group}, {column.Name}" : column.Name)],
            [false, .. table.Columns.Select(column => !column.IsText)]);
        string? group0 = null;
        foreach (Row row in table.Rows)
        {
            if (row.Group is { } name && name != group0)
                _text.Append($"| **{Plain(name)}** |{string.Concat(Enumerable.Repeat(" |", table.Columns.Count))}\n");
            group0 = row.Group;
            Line([row.Head, .. row.Cells.Select(cell => cell.Notes is { Count: > 0 } notes
                ? $"{cell.Text} ({string.Join("; ", notes)})" : cell.Text)], row.IsMean);
        }
    }

    private void Heads(IReadOnlyList<string> heads, bool[] numbers)
    {
        _text.Append('\n');
        Line(heads);
        _text.Append('|').Append(string.Concat(numbers.Select(number => number ? "---:|" : "---|"))).Append('\n');
    }

    private void Line(IEnumerable<string> cells, bool bold = false) =>
        _text.Append("| ").AppendJoin(" | ", cells.Select((cell, i) => bold && i == 0 ? $"**{Plain(cell)}**" : Plain(cell))).Append(" |\n");

    /// <summary>Text in one line in which nothing is markup: model answers and questions come from anywhere.</summary>
    private static string Plain(string text)
    {
        StringBuilder plain = new();
        foreach (char c in text)
            plain.Append(c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '|' or '\\' or '`' or '*' or '_' or '[' or ']' or '#' or '~' => $"\\{c}",
                _ when char.IsControl(c) => " ",
                _ => c.ToString(),
            });
        return plain.ToString();
    }
}
