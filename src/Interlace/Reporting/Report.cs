namespace Interlace.Reporting;

/// <summary>Turns what a run found into documents. The same data give the same bytes.</summary>
public static class Report
{
    /// <summary>
    /// One HTML page that holds everything it shows: no script, no network, light or dark as the reader prefers,
    /// readable on a telephone and on paper. All texts are escaped.
    /// </summary>
    /// <exception cref="ArgumentException">Parts of the data contradict each other,
    /// such as a plan for another number of layers than was measured.</exception>
    public static string ToHtml(ReportData data) => new HtmlWriter(RunSections.Document(data)).Write();

    /// <summary>The tables of the page in Markdown.</summary>
    public static string ToMarkdown(ReportData data) => new MarkdownWriter(RunSections.Document(data)).Write();
}
