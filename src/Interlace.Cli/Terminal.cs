using System.Text;

namespace Interlace.Cli;

/// <summary>Where the program writes and what it may draw there.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Progress, logs and errors.</param>
/// <param name="OutIsTerminal">Results are read by a person, not by a file or another program.</param>
/// <param name="ErrorIsTerminal">Progress may be drawn over itself.</param>
/// <param name="Colours">Colours may be used where a person reads.</param>
/// <param name="Width">Characters of a line.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool OutIsTerminal = false, bool ErrorIsTerminal = false,
    bool Colours = false, int Width = Terminal.FileWidth)
{
    /// <summary>Width of lines that no terminal bounds.</summary>
    public const int FileWidth = 160;

    /// <summary>The console of the process; NO_COLOR and TERM=dumb are respected.</summary>
    public static Terminal OfConsole()
    {
        if (OperatingSystem.IsWindows()) Console.OutputEncoding = new UTF8Encoding(false);
        bool dumb = Environment.GetEnvironmentVariable("TERM") == "dumb";
        bool outIsTerminal = !Console.IsOutputRedirected && !dumb, errorIsTerminal = !Console.IsErrorRedirected && !dumb;
        return new(new ConsoleText(Console.Out, "Standard output cannot be written"), new ConsoleText(Console.Error, failure: null),
            outIsTerminal, errorIsTerminal,
            string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")), outIsTerminal || errorIsTerminal
            ? WidthOfConsole() : FileWidth);
    }

    private static int WidthOfConsole()
    {
        try
        {
            return Console.WindowWidth is > 0 and int width ? width : 80;
        }
        catch (Exception e) when (e is IOException or PlatformNotSupportedException)
        {
            return 80;   // a terminal that tells no size
        }
    }
}
