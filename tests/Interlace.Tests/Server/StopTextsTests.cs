using CsCheck;
using Interlace.Server;

namespace Interlace.Tests.Server;

public class StopTextsTests
{
    [Fact]
    public void However_a_text_is_cut_into_pieces_it_ends_before_the_first_stop_text()
    {
        var few = Gen.Char["ab"].Array[0, 20].Select(letters => new string(letters));
        var stops = Gen.Char["ab"].Array[1, 4].Select(letters => new string(letters)).List[0, 3];
        Gen.Select(few, stops, Gen.Int[1, 5]).Sample((text, stops, size) =>
        {
            var filter = new StopTexts(stops);
            string shown = "";
            foreach (char[] piece in text.Chunk(size))
            {
                string now = filter.Add(new string(piece));
                shown += now;
                if (!filter.IsStopped) Assert.StartsWith(shown, text, StringComparison.Ordinal);
            }
            shown += filter.End();
            // The stop text whose end comes first decides, as it does where text comes token by token; of one piece the earliest.
            string expected = ByPieces(text, stops, size);
            Assert.Equal(expected, shown);
        });
    }

    [Fact]
    public void What_can_still_become_a_stop_text_is_held_back_and_given_at_the_end()
    {
        var filter = new StopTexts(["END", "NOW!"]);
        Assert.Equal(["one ", "", "E", "", "EN x"], new[] { "one ", "E", "E", "N", " x" }.Select(filter.Add));
        Assert.Equal("", filter.End());
        var cut = new StopTexts(["END"]);
        Assert.Equal(("a ", "EN"), (cut.Add("a EN"), cut.End()));
        Assert.False(cut.IsStopped);
    }

    /// <summary>The text up to the first stop text of the shortest beginning, piece by piece, that has one.</summary>
    private static string ByPieces(string text, IReadOnlyList<string> stops, int size)
    {
        for (int end = 0; end < text.Length + size; end += size)
        {
            string begun = text[..Math.Min(text.Length, end)];
            int[] found = [.. stops.Select(stop => begun.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0)];
            if (found.Length > 0) return begun[..found.Min()];
        }
        return text;
    }
}
