using System.Diagnostics;

namespace Interlace.Tests.Cases;

/// <summary>The program as processes of its own, for what one process alone cannot show.</summary>
internal static class Processes
{
    /// <summary>Starts a command line.</summary>
    public static Process Start(params string[] arguments)
    {
        // The tests' own program is not the one that is started, but the same runtime runs both.
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll")).Append("--threads")
            .Append("1")) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>Waits for the end of a process.</summary>
    public static async Task<(int Code, string Error)> End(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            string error = await process.StandardError.ReadToEndAsync();
            await output;
            await process.WaitForExitAsync();
            return (process.ExitCode, error);
        }
    }
}
