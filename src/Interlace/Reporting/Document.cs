using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting;

/// <summary>A report before it is a page, Markdown or files of numbers: what it says, in order. Nothing in it is markup.</summary>
/// <param name="Title">Heading.</param>
/// <param name="Lead">The result in a sentence.</param>
/// <param name="Note">How it was measured; null for nothing to say.</param>
/// <param name="Tiles">The most important numbers.</param>
/// <param name="Sections">The rest.</param>
/// <param name="Footer">Last line.</param>
internal sealed record Document(string Title, string Lead, string? Note, IReadOnlyList<Tile> Tiles, IReadOnlyList<Section> Sections,
    string Footer)
{
    /// <summary>Every block, those inside of others too.</summary>
    public IEnumerable<Block> Blocks => Sections.SelectMany(section => Flat(section.Blocks));

    private static IEnumerable<Block> Flat(IEnumerable<Block> blocks) =>
        blocks.SelectMany(block => block is Folded folded ? Flat(folded.Blocks) : [block]);
}

/// <summary>A number on the top of a page.</summary>
internal sealed record Tile(string Number, string What, string Note);

/// <summary>A part of a document.</summary>
/// <param name="Title">Its heading; null for none.</param>
/// <param name="Blocks">Its content.</param>
/// <param name="PageOnly">Left out of Markdown: explanations and settings.</param>
internal sealed record Section(string? Title, IReadOnlyList<Block> Blocks, bool PageOnly = false);

/// <summary>A piece of a section.</summary>
internal abstract record Block;

/// <summary>A paragraph; a quiet one is a note.</summary>
internal sealed record Paragraph(string Text, bool Quiet = false) : Block;

/// <summary>Names and what they are.</summary>
internal sealed record Facts(string NameHead, string ValueHead, IReadOnlyList<(string Name, string Value)> Entries) : Block;

/// <summary>Text whose lines and columns matter.</summary>
internal sealed record Verbatim(string Text) : Block;

/// <summary>Blocks that a page shows when asked.</summary>
internal sealed record Folded(string Title, IReadOnlyList<Block> Blocks) : Block;

/// <summary>Questions with answers.</summary>
internal sealed record Cards(IReadOnlyList<ExampleQuestion> Examples) : Block;

/// <summary>A drawing.</summary>
/// <param name="Key">Name of its file.</param>
/// <param name="Caption">What there is to see; empty for nothing to say.</param>
/// <param name="Draw">The SVG of a width, by itself or for a page.</param>
/// <param name="Text">The drawing in characters, where there is such a thing; Markdown without files shows it.</param>
internal sealed record Figure(string Key, string Caption, Func<bool, bool, string> Draw, string? Text = null) : Block
{
    /// <summary>A chart as a figure.</summary>
    public static Figure Of(Chart chart, string caption) =>
        new(chart.Key, caption, (narrow, standalone) => chart.Svg(narrow ? Chart.Narrow : Chart.Wide, standalone));
}

/// <summary>A table: a head at the left of each row, then cells.</summary>
/// <param name="Key">Name of its file of numbers; null for none.</param>
/// <param name="Corner">Head of the first column.</param>
/// <param name="Columns">The other columns.</param>
/// <param name="Rows">Each with a cell for every column.</param>
internal sealed record Table(string? Key, string Corner, IReadOnlyList<Column> Columns, IReadOnlyList<Row> Rows) : Block;

/// <summary>Head of a column.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Group">What neighbouring columns have in common.</param>
/// <param name="IsText">Aligned as text.</param>
internal sealed record Column(string Name, string? Group = null, bool IsText = false);

/// <summary>A row of a table.</summary>
/// <param name="Head">Its head.</param>
/// <param name="Cells">One for each column.</param>
/// <param name="IsMean">Stands for others.</param>
/// <param name="Group">What neighbouring rows have in common.</param>
internal sealed record Row(string Head, IReadOnlyList<Cell> Cells, bool IsMean = false, string? Group = null);

/// <summary>One place of a table.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Value">The number behind it, unrounded.</param>
/// <param name="Interval">Where it may lie.</param>
/// <param name="Published">What the paper prints in its place.</param>
/// <param name="Notes">What belongs to it, in small print.</param>
internal sealed record Cell(string Text, double? Value = null, Interval? Interval = null, double? Published = null,
    IReadOnlyList<string>? Notes = null)
{
    /// <summary>A place without a number.</summary>
    public static Cell Empty { get; } = new("");

    /// <summary>A percentage with its interval and the paper's own number.</summary>
    public static Cell Percent(double? value, Interval? interval = null, double? published = null, params IReadOnlyList<string> notes) =>
        Number(value, interval, published, Numbers.Score, notes);

    /// <summary>A ratio of times likewise.</summary>
    public static Cell SpeedUp(double? value, Interval? interval = null, double? published = null, params IReadOnlyList<string> notes) =>
        Number(value, interval, published, Numbers.SpeedUp, notes);

    /// <summary>A perplexity likewise.</summary>
    public static Cell Perplexity(double? value, Interval? interval = null, params IReadOnlyList<string> notes) =>
        Number(value, interval, null, Numbers.Perplexity, notes);

    private static Cell Number(double? value, Interval? interval, double? published, Func<double, string> write,
        IReadOnlyList<string> notes) =>
        value is null && published is null ? Empty : new(value is { } known ? write(known) : "–", value, interval, published,
            [.. interval is { } i ? [$"{write(i.Low)}–{write(i.High)}"] : (string[])[], .. notes, .. published is { } p
                ? [$"published {write(p)}"] : (string[])[]]);
}
