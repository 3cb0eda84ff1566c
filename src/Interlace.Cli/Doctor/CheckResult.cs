using System.Diagnostics;

namespace Interlace.Cli;

/// <summary>How one check went.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Works">It works.</param>
/// <param name="Detail">A finding, or the reason why it does not work.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record CheckResult(string Name, bool Works, string Detail, double Seconds)
{
    /// <summary>Runs a check, which returns its finding or throws.</summary>
    public static CheckResult Of(string name, Func<string> check)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            return new(name, true, check(), watch.Elapsed.TotalSeconds);
        }
        catch (Exception e)
        {
            // A library that does not load hides behind the initialiser that wanted it.
            while (e is TypeInitializationException { InnerException: { } inner }) e = inner;
            return new(name, false, e.Message.Split('\n', 2)[0].TrimEnd(), watch.Elapsed.TotalSeconds);
        }
    }
}
