using System.Globalization;
using System.Text;
using Interlace.Jobs;
using Interlace.Vlm.Text;

namespace Interlace.Cli;

/// <summary>
/// Shows how far a stage has come on standard error: a bar with rate and time left where that is a terminal,
/// else a plain line at most every ten seconds.
/// Reports may come from several threads.
/// </summary>
internal sealed class ConsoleProgress(Terminal terminal, bool quiet, TimeProvider time) : IProgress<StageProgress>, IDisposable
{
    private const int BarWidth = 24;
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10), BetweenDrawings = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private string? _stage, _part;
    private bool _ended;
    private long _first, _started, _shown, _partFirst, _partStarted;   // done at the start of this run, and when that was
    private int _drawn;   // characters of the line that stands on the terminal

    public void Report(StageProgress value)
    {
        if (quiet) return;
        lock (_lock)
        {
            long now = time.GetTimestamp();
            bool begins = value.Stage != _stage;
            if (begins)
            {
                EndLine();
                (_stage, _part, _ended, _first, _started, _shown) = (value.Stage, null, false, value.Done, now, 0);
            }
            if (value.Part is { } part && part.Name != _part)
            {
                if (!begins) _first += part.Done;   // an earlier run's: they took this one no time
                (_part, _partFirst, _partStarted) = (part.Name, part.Done, now);
            }
            // once: whole megabytes are all there before the last bytes are
            bool ends = value.Total > 0 && value.Done >= value.Total && !_ended;
            _ended |= ends;
            var between = terminal.ErrorIsTerminal ? BetweenDrawings : BetweenLines;
            if (!begins && !ends && time.GetElapsedTime(_shown, now) < between) return;
            _shown = now;
            string line = Line(value, now);
            if (terminal.ErrorIsTerminal) Draw(line);
            else terminal.Error.WriteLine(line);
        }
    }

    /// <summary>Leaves the bar as it stands and goes to the next line.</summary>
    public void EndLine()
    {
        lock (_lock)
        {
            if (_drawn > 0) terminal.Error.WriteLine();
            _drawn = 0;
        }
    }

    public void Dispose() => EndLine();

    private void Draw(string line)
    {
        if (line.Length >= terminal.Width) line = line[..Math.Max(terminal.Width - 1, 0)];   // a full line would wrap and not be drawn over
        terminal.Error.Write('\r' + line.PadRight(_drawn));
        terminal.Error.Flush();
        _drawn = line.Length;
    }

    private string Line(StageProgress value, long now)
    {
        var line = new StringBuilder(value.Stage).Append("  ");
        if (value.Total > 0 && terminal.ErrorIsTerminal)
        {
            int full = (int)(BarWidth * Math.Clamp((double)value.Done / value.Total, 0, 1));
            line.Append('█', full).Append('░', BarWidth - full).Append("  ");
        }
        line.Append(Number(value.Done));
        if (value.Total > 0) line.Append('/').Append(Number(value.Total));
        line.Append(' ').Append(value.Unit);
        double rate = Rate(value.Done - _first, _started, now);
        if (rate > 0)
        {
            line.Append("  ").Append(Speed(rate));
            if (value.Total > value.Done) line.Append("  ").Append(Duration((value.Total - value.Done) / rate)).Append(" left");
        }
        if (value.Part is { } part)
        {
            line.Append("  ").Append(part.Name).Append(' ').Append(Number(part.Done)).Append('/').Append(Number(part.Total));
            double own = Rate(part.Done - _partFirst, _partStarted, now);
            if (own > 0 && part.Total > part.Done && part.Total < value.Total)
                line.Append(", ").Append(Speed(own)).Append(", ").Append(Duration((part.Total - part.Done) / own)).Append(" left");
        }
        if (value.Note is { Length: > 0 }) line.Append("  ").Append(value.Note);
        return Printable.Line(line.ToString());
    }

    private double Rate(long done, long since, long now) =>
        time.GetElapsedTime(since, now).TotalSeconds is > 0 and var seconds ? done / seconds : 0;

    private static string Speed(double rate) =>
        rate >= 1
            ? $"{rate.ToString("0.0", CultureInfo.InvariantCulture)}/s"
            : $"{(1 / rate).ToString("0.0", CultureInfo.InvariantCulture)} s each";

    private static string Number(long count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Duration(double seconds) =>
        TimeSpan.FromSeconds(Math.Min(Math.Ceiling(seconds), 8_640_000)) is var span && span.TotalHours >= 1
        ? $"{(int)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}" : $"{span.Minutes}:{span.Seconds:00}";
}
