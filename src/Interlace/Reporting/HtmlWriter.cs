using System.Net;
using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.Reporting;

/// <summary>Writes a document as one page. What comes from outside passes through <see cref="Escape"/>.</summary>
internal sealed class HtmlWriter(Document document)
{
    private readonly StringBuilder _page = new();

    public string Write()
    {
        _page.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            + "content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Append($"<title>{Escape(document.Title)}</title>\n<style>\n{PageStyle.Css}</style>\n</head>\n<body>\n<main>\n");
        Headline();
        foreach (Section section in document.Sections)
        {
            if (section.Title is { } title) _page.Append($"<section>\n<h2>{Escape(title)}</h2>\n");
            Write(section.Blocks);
            if (section.Title is not null) _page.Append("</section>\n");
        }
        return _page.Append($"</main>\n<footer>{Escape(document.Footer)}</footer>\n</body>\n</html>\n").ToString();
    }

    private void Headline()
    {
        _page.Append($"<header>\n<h1>{Escape(document.Title)}</h1>\n<p class=\"lead\">{Escape(document.Lead)}</p>\n");
        if (document.Tiles.Count > 0) _page.Append("<div class=\"tiles\">\n");
        foreach (Tile tile in document.Tiles)
        {
            string small = tile.Note.Length > 0 ? $"<small>{Escape(tile.Note)}</small>" : "";
            _page.Append($"<div class=\"tile\"><strong>{Escape(tile.Number)}</strong><span>{Escape(tile.What)}</span>{small}</div>\n");
        }
        if (document.Tiles.Count > 0) _page.Append("</div>\n");
        if (document.Note is { } note) _page.Append($"<p class=\"note\">{Escape(note)}</p>\n");
        _page.Append("</header>\n");
    }

    private void Write(IEnumerable<Block> blocks)
    {
        foreach (Block block in blocks) Write(block);
    }

    private void Write(Block block)
    {
        switch (block)
        {
            case Paragraph paragraph:
                _page.Append(paragraph.Quiet ? "<p class=\"note\">" : "<p>").Append(Escape(paragraph.Text)).Append("</p>\n");
                break;
            case Facts facts:
                _page.Append("<dl>\n");
                foreach ((string name, string value) in facts.Entries)
                    _page.Append($"<div><dt>{Escape(name)}</dt><dd>{Escape(value)}</dd></div>\n");
                _page.Append("</dl>\n");
                break;
            case Verbatim verbatim:
                _page.Append($"<pre tabindex=\"0\">{Escape(verbatim.Text)}</pre>\n");
                break;
            case Folded folded:
                _page.Append($"<details>\n<summary>{Escape(folded.Title)}</summary>\n");
                Write(folded.Blocks);
                _page.Append("</details>\n");
                break;
            case Figure figure:
                _page.Append($"<figure>\n<div class=\"wide\">{figure.Draw(false, false)}</div>\n<div "
                    + $"class=\"narrow\">{figure.Draw(true, false)}</div>\n");
                if (figure.Caption.Length > 0) _page.Append($"<figcaption>{Escape(figure.Caption)}</figcaption>\n");
                _page.Append("</figure>\n");
                break;
            case Cards cards:
                Write(cards);
                break;
            case Table table:
                Write(table);
                break;
            default:
                throw new ArgumentException($"A page has no form for {block.GetType().Name}.", nameof(block));
        }
    }

    private void Write(Table table)
    {
        _page.Append("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead>");
        if (table.Columns.Any(column => column.Group is not null))
        {
            _page.Append("<tr><td></td>");
            foreach ((string? group, int count) in Runs(table.Columns.Select(column => column.Group)))
                _page.Append($"<th scope=\"colgroup\" colspan=\"{count}\" class=\"n\">{Escape(group ?? "")}</th>");
            _page.Append("</tr>\n");
        }
        _page.Append($"<tr><th scope=\"col\">{Escape(table.Corner)}</th>")
            .AppendJoin("", table.Columns.Select(column => $"<th scope=\"col\"{Class(column)}>{Escape(column.Name)}</th>"))
            .Append("</tr></thead>\n<tbody>\n");
        string? group0 = null;
        foreach (Row row in table.Rows)
        {
            if (row.Group is { } name && name != group0)
                _page.Append("<tr class=\"group\"><th scope=\"rowgroup\" "
                    + $"colspan=\"{table.Columns.Count + 1}\">{Escape(name)}</th></tr>\n");
            group0 = row.Group;
            _page.Append(row.IsMean ? "<tr class=\"mean\">" : "<tr>").Append($"<th scope=\"row\">{Escape(row.Head)}</th>")
                .AppendJoin("", row.Cells.Zip(table.Columns, (cell, column) => $"<td{Class(column)}>{Escape(cell.Text)}{Notes(cell)}</td>"))
                    .Append("</tr>\n");
        }
        _page.Append("</tbody>\n</table></div>\n");
    }

    private static string Class(Column column) => column.IsText ? "" : " class=\"n\"";

    private static string Notes(Cell cell) => string.Concat((cell.Notes ?? []).Select(note => $"<small>{Escape(note)}</small>"));

    private static IEnumerable<(string? Name, int Count)> Runs(IEnumerable<string?> names)
    {
        string? current = null;
        int count = 0;
        foreach (string? name in names)
        {
            if (count > 0 && name != current) { yield return (current, count); count = 0; }
            (current, count) = (name, count + 1);
        }
        if (count > 0) yield return (current, count);
    }

    private void Write(Cards cards)
    {
        _page.Append("<div class=\"cards\">\n");
        foreach (ExampleQuestion example in cards.Examples)
        {
            _page.Append("<article>\n");
            if (example.Image is { Length: > 0 } image && example.ImageType.StartsWith("image/", StringComparison.Ordinal))
                _page.Append("<img alt=\"the image of the question\" "
                    + $"src=\"data:{Escape(example.ImageType)};base64,{Convert.ToBase64String(image)}\">\n");
            if (example.Benchmark is { } benchmark) _page.Append($"<p class=\"note\">{Escape(benchmark)}</p>\n");
            _page.Append($"<p class=\"said\" dir=\"auto\">{Escape(example.Question)}</p>\n<p><span class=\"note\">correct:</span> "
                + $"<bdi>{Escape(example.CorrectAnswer)}</bdi></p>\n<ul>\n");
            foreach (ExampleAnswer answer in example.Answers)
                _page.Append($"<li><b>{Escape(answer.Model)}</b> <span class=\"verdict "
                    + $"{VerdictClass(answer.Right)}\">{Mark(answer.Right)} {Summary.Verdict(answer.Right)}</span><span class=\"said\" "
                    + $"dir=\"auto\">{Escape(answer.Text)}</span></li>\n");
            _page.Append("</ul>\n</article>\n");
        }
        _page.Append("</div>\n");
    }

    private static string VerdictClass(bool? right) => right switch { true => "right", false => "wrong", null => "part" };

    private static string Mark(bool? right) => right switch { true => "✓", false => "✗", null => "≈" };

    private static string Escape(string text) => WebUtility.HtmlEncode(Printable.Lines(text));
}
