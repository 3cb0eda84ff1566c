using System.Runtime.InteropServices;
using Interlace.Ranks;
using Interlace.Runs;
using Interlace.Vlm;
using Interlace.Vlm.Text;

namespace Interlace.Cli;

/// <summary>
/// The program on a rank that does not lead: it parses no command and prints nothing, unless something is wrong here; then it says so with
/// its name, and ends all ranks.
/// </summary>
internal static class Member
{
    // What Ctrl-C ends reaches all ranks. The leader saves its state and ends the others; they wait for that so long.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    /// <summary>Serves until the leader ends the program.</summary>
    /// <param name="group">The group.</param>
    /// <param name="arguments">The command line, of which the number of threads concerns this rank.</param>
    /// <param name="terminal">Where a fault is said.</param>
    /// <returns>The exit code.</returns>
    public static int Run(RankGroup group, IReadOnlyList<string> arguments, Terminal terminal)
    {
        PosixSignalRegistration[] signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }
            .Select(signal => PosixSignalRegistration.Create(signal, context => EndLater(context, group, terminal)))];
        try
        {
            Membership.Serve(group, Threads(arguments));
            group.End(ExitCode.Done);
            return ExitCode.Done;
        }
        catch (Exception e)
        {
            bool input = e is InputException or IOException or UnauthorizedAccessException;
            Say(group, terminal, input ? e.Message : $"Internal error ({e.GetType().Name}): {e.Message}");
            int code = input ? ExitCode.WrongInput : ExitCode.OurFault;
            group.End(code);
            return code;
        }
        finally
        {
            foreach (var signal in signals) signal.Dispose();
        }
    }

    private static void EndLater(PosixSignalContext context, RankGroup group, Terminal terminal)
    {
        context.Cancel = true;
        Task.Delay(Grace).ContinueWith(_ =>
        {
            Say(group, terminal, "It was told to end, and the leader did not.");
            group.End(ExitCode.Interrupted);
        }, TaskScheduler.Default);
    }

    private static void Say(RankGroup group, Terminal terminal, string sentence) =>
        terminal.Error.WriteLine(Printable.Line($"{group.Name}: {sentence}"));

    private static int? Threads(IReadOnlyList<string> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = CommonOptions.Threads.Name;
            string? value = arguments[i] == name && i + 1 < arguments.Count ? arguments[i + 1]
                : arguments[i].StartsWith(name + "=", StringComparison.Ordinal) ? arguments[i][(name.Length + 1)..] : null;
            if (int.TryParse(value, out int threads)) return threads;
        }
        return null;
    }
}
