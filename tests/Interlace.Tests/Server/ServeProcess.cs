using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Interlace.Tests.Server;

/// <summary>The command <c>serve</c> as a process of its own, on a free port, with one thread.</summary>
internal sealed class ServeProcess : IDisposable
{
    private static readonly string[] Settings = ["--port", "0", "--json", "--device", "cpu", "--dtype", "fp32", "--threads", "1"];

    private ServeProcess(Process process, Task<string> error, JsonNode said)
    {
        (Process, Error) = (process, error);
        Models = [.. said["models"]!.AsArray().Select(name => (string)name!)];
        Http = new() { BaseAddress = new Uri((string)said["address"]!), Timeout = TimeSpan.FromMinutes(2) };
    }

    public Process Process { get; }

    /// <summary>All that it says on standard error, when it has ended.</summary>
    public Task<string> Error { get; }

    /// <summary>What it calls its models.</summary>
    public IReadOnlyList<string> Models { get; }

    public HttpClient Http { get; }

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="arguments">The models, and options beside those that all have here.</param>
    public static async Task<ServeProcess> Start(params string[] arguments)
    {
        var cancellation = TestContext.Current.CancellationToken;
        string program = Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll");
        string[] command = ["dotnet", program, "serve", .. arguments, .. Settings];
        // Where a shell's background job has started the tests they ignore SIGINT, and so would what they start.
        if (OperatingSystem.IsLinux()) command = ["env", "--default-signal=INT", .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(cancellation);
        string said = "";
        while (said.Length == 0 || said[^1] != '}')
            said += await process.StandardOutput.ReadLineAsync(cancellation) ?? throw new InvalidOperationException(await error);
        return new(process, error, JsonNode.Parse(said)!);
    }

    public void Dispose()
    {
        if (!Process.HasExited) Process.Kill();
        Process.Dispose();
        Http.Dispose();
    }
}
