namespace Interlace.Data.Parquet;

/// <summary>
/// The pages of a column chunk that hold wanted slots, and where those slots lie once the other pages are left out.
/// Page headers follow one another, each with the size of its page and its number of slots, so they are found by hopping:
/// a few dozen bytes are read per page passed over, whether or not the file has a page index.
/// </summary>
/// <param name="Pages">The dictionary page, if a chosen page needs it, and the chosen data pages, in order.</param>
/// <param name="Wanted">The wanted slots, renumbered.</param>
internal sealed record PageSelection(IReadOnlyList<PageHeader> Pages, IReadOnlyList<LevelRange> Wanted)
{
    /// <param name="stream">The file.</param>
    /// <param name="chunk">The column chunk.</param>
    /// <param name="wanted">Ascending and disjoint.</param>
    public static PageSelection Find(ShardStream stream, ColumnChunk chunk, IReadOnlyList<LevelRange> wanted)
    {
        List<PageHeader> pages = [];
        List<LevelRange> renumbered = [];
        long slot = 0, removed = 0;
        PageHeader? dictionary = null;
        int open = 0;                                                     // the first wanted range that does not end before this page
        for (long at = chunk.Bytes.Start; open < wanted.Count;)
        {
            PageHeader page = PageHeader.Read(stream, chunk, at);
            at = page.Page.End;
            if (page.Type == PageType.Dictionary) dictionary = page;
            if (!page.IsData) continue;

            long end = slot + page.Slots;
            if (wanted[open].First < end) pages.Add(page);
            else removed += page.Slots;
            while (renumbered.Count < wanted.Count && wanted[renumbered.Count].First < end)
                renumbered.Add(wanted[renumbered.Count] with { First = wanted[renumbered.Count].First - removed });
            while (open < wanted.Count && wanted[open].End <= end) open++;
            slot = end;
        }
        bool needsDictionary = pages.Any(page => page.Encoding != PageEncoding.Plain);
        return new PageSelection(needsDictionary && dictionary is not null ? [dictionary, .. pages] : pages, renumbered);
    }
}
