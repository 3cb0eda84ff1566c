using System.Diagnostics;

namespace Interlace.Tests.Packages;

/// <summary>The .NET SDK as a process. Where only the tests are, and no SDK or no sources that were built, a test is skipped.</summary>
internal static class Sdk
{
    /// <summary>Release or Debug, as these tests were built.</summary>
    public static string Configuration { get; } = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!;

    /// <summary>The folder of packages of this machine.</summary>
    public static string Packages { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set ? set
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Skips the test where there is nothing to work with.</summary>
    public static void Require()
    {
        string built = Path.Combine(Shared.Repository, "src", "Interlace", "bin", Configuration, "net10.0", "Interlace.dll");
        Assert.SkipUnless(File.Exists(built), "the sources were not built here");
        Assert.SkipUnless(OperatingSystem.IsLinux(), "packages are made and tried on Linux");
    }

    /// <summary>Runs <c>dotnet</c> and gives what it printed.</summary>
    /// <param name="folder">Where it runs.</param>
    /// <param name="arguments">What stands behind <c>dotnet</c>.</param>
    public static string Run(string folder, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        // No server may outlive the test, and nothing of the test's own runtime be taken over.
        foreach (string name in new[] { "DOTNET_CLI_TELEMETRY_OPTOUT", "MSBUILDDISABLENODEREUSE", "DOTNET_NOLOGO" })
            start.Environment[name] = "1";
        foreach (string name in new[] { "DOTNET_CLI_USE_MSBUILD_SERVER", "UseSharedCompilation" }) start.Environment[name] = "false";
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBuild", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        string call = $"dotnet {string.Join(' ', arguments)}";
        Assert.True(process.ExitCode == 0, $"{call} ended with {process.ExitCode}:\n{output}\n{error.Result}");
        return output;
    }
}
