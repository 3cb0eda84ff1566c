namespace Interlace.Server;

/// <summary>
/// Ends a text before the first of some texts. What could be the beginning of one is held back until it is known not to be.
/// </summary>
/// <param name="stops">The texts, none of them empty.</param>
internal sealed class StopTexts(IReadOnlyList<string> stops)
{
    private string _held = "";

    /// <summary>One of the texts has come.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>A further piece of text; gives what can be shown by now.</summary>
    public string Add(string piece)
    {
        if (IsStopped) return "";
        string text = _held + piece;
        int end = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
        IsStopped = end >= 0;
        int shown = IsStopped ? end : text.Length - stops.Select(stop => Begun(text, stop)).DefaultIfEmpty(0).Max();
        _held = IsStopped ? "" : text[shown..];
        return text[..shown];
    }

    /// <summary>What was held back, when nothing more comes.</summary>
    public string End()
    {
        (string held, _held) = (_held, "");
        return held;
    }

    /// <summary>How many of the last characters of a text could be the first ones of another.</summary>
    private static int Begun(string text, string stop)
    {
        int count = Math.Min(text.Length, stop.Length - 1);
        while (count > 0 && !stop.AsSpan().StartsWith(text.AsSpan(text.Length - count), StringComparison.Ordinal)) count--;
        return count;
    }
}
