using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Server;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>
/// <c>serve MODEL [MODEL...]</c>: models behind OpenAI's chat API, and a page that compares them. What listens is loaded when this runs,
/// and by no other command.
/// </summary>
internal static class ServeCommand
{
    private const int UsualPort = 8080;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private static readonly Argument<string[]> Models =
        new("MODEL") { Description = "Model folders, or ORG/NAME[@REVISION] on the hub. Each is called by the last part of its path.",
        Arity = ArgumentArity.OneOrMore };
    public static readonly Option<int?> Port = Whole("--port", $"Port; 0 for any that is free (default: {UsualPort}).", 0, 65_535);
    private static readonly Option<string?> Host = new("--host") { Description = "Address to listen on; other than this machine's own "
        + "only with a key (default: 127.0.0.1).", HelpName = "ADDRESS" };
    private static readonly Option<string?> KeyVariable = new("--api-key-env") { Description = "Environment variable with the key that "
        + "callers must send.", HelpName = "NAME" };
    private static readonly Option<bool> RemoteImages = new("--allow-remote-images") { Description = "Fetch images that requests name by "
        + "their addresses on the web." };
    private static readonly Option<int?> Slots = Whole("--slots", "Conversations that each model answers at once (default: 16).", 1, 1024);
    private static readonly Option<int?> MaxQueue = Whole("--max-queue",
        "Conversations that may wait at each model; further ones are turned away with status 429 (default: 64).", 0, 100_000);
    private static readonly Option<int?> MaxRequestBytes = Whole("--max-request-bytes",
        "Bytes of a request; larger ones are turned away with status 413 (default: 20971520).", 1024, 1 << 30);
    private static readonly Option<int?> MaxNewTokens = Whole("--max-new-tokens",
        "Tokens of an answer where a request does not say (default: 1024).", 1, 1 << 20);
    private static readonly Option<int?> MaxContext = Whole("--max-context",
        "Tokens of prompt and answer together; less where the model was made for less (default: 16384).", 16, 1 << 20);

    public static Verb Create() => new("serve", "Serve models through OpenAI's chat API, with a page that compares them side by side.",
    [
        "interlace serve run/tuned",
        "interlace serve models/Qwen3-VL-2B-Instruct run/pruned run/tuned --port 8000",
        "interlace serve run/tuned --host 0.0.0.0 --api-key-env INTERLACE_KEY",
    ], Run)
    {
        Models, Port, Host, KeyVariable, RemoteImages, Slots, MaxQueue, MaxRequestBytes, MaxNewTokens, MaxContext, ModelOptions.MaxPixels,
    };

    /// <summary>Serves what a run made, beside the model that it began with, until the command is ended.</summary>
    /// <param name="invocation">The call.</param>
    /// <param name="file">The run's experiment file.</param>
    /// <param name="run">The run's folder.</param>
    /// <exception cref="InputException">A folder is wrong, or the port is taken.</exception>
    public static int ServeRun(Invocation invocation, string file, string run)
    {
        var experiment = invocation.Hub.Local(invocation.Experiment(file)).Complete();
        (string Name, string Folder)[] models = [("dense", experiment.Model!), ("dropped", Path.Combine(run, RunFolder.Pruned)),
            ("tuned", Path.Combine(run, RunFolder.Tuned))];
        return Serve(invocation, [.. models.Where(model => Directory.Exists(model.Folder))], invocation.Compute(experiment),
            experiment.Data!.MaxPixels, Local(invocation));
    }

    private static ServerOptions Local(Invocation invocation) => new(IPAddress.Loopback, invocation.Get(Port) ?? UsualPort, Grace: Grace);

    private static int Run(Invocation invocation)
    {
        var usual = Local(invocation);
        var options = usual with
        {
            Host = Address(invocation.Get(Host)), ApiKey = Key(invocation.Get(KeyVariable)),
            AllowRemoteImages = invocation.Get(RemoteImages),
            Slots = invocation.Get(Slots) ?? usual.Slots, MaxQueue = invocation.Get(MaxQueue) ?? usual.MaxQueue,
            MaxRequestBytes = invocation.Get(MaxRequestBytes) ?? usual.MaxRequestBytes,
            MaxNewTokens = invocation.Get(MaxNewTokens) ?? usual.MaxNewTokens, MaxContext = invocation.Get(MaxContext) ?? usual.MaxContext,
            Seed = invocation.Experiment().Seed,
        };
        options.Check();
        string[] models = invocation.Get(Models), folders = [.. models.Select(invocation.Hub.Model)];
        return Serve(invocation, [.. Names(models).Zip(folders)], invocation.Compute(), invocation.Get(ModelOptions.MaxPixels), options);
    }

    /// <summary>What ends the command does not call off a pass: answers in progress have a short time.</summary>
    private static int Serve(Invocation invocation, IReadOnlyList<(string Name, string Folder)> models, Compute compute, long? maxPixels,
        ServerOptions options)
    {
        var served = new List<ServedModel>();
        try
        {
            foreach (var (name, folder) in models)
            {
                served.Add(new(name, LoadedModel.Open(folder, compute.Device, compute.Type, maxPixels)));
                foreach (string warning in served[^1].Loaded.Warnings) invocation.Log(warning);
            }
            Listen(invocation, served, options).GetAwaiter().GetResult();
            return ExitCode.Done;
        }
        finally
        {
            foreach (var model in served) model.Loaded.Dispose();
        }
    }

    private static async Task Listen(Invocation invocation, List<ServedModel> models, ServerOptions options)
    {
        var examples = PageExample.Of(Path.Combine(AppContext.BaseDirectory, "demo", "benchmarks"));
        await using var server = await ChatServer.Start(models, options, examples, invocation.Log).ConfigureAwait(false);
        invocation.Print(() => new JsonObject { ["address"] = server.Address.AbsoluteUri,
            ["models"] = new JsonArray([.. models.Select(model => (JsonNode)model.Name)]) },
            console => console.WriteLine($"Serving {string.Join(", ", models.Select(model => model.Name))} at {server.Address}"));
        invocation.Log($"The page is at {server.Address}, the API at {server.Address}v1. Ctrl-C ends the server.");
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = invocation.Cancellation.Register(ended.SetResult);
        await ended.Task.ConfigureAwait(false);
    }

    /// <summary>The shortest ends of paths that tell all models apart, and with numbers where the same folder is named twice.</summary>
    internal static string[] Names(IReadOnlyList<string> models)
    {
        string[][] parts = [.. models.Select(model => model.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries)
            .Where(part => part != ".").DefaultIfEmpty("model").ToArray())];
        string Tail(string[] path, int length) => string.Join('/', path[Math.Max(0, path.Length - length)..]);
        int needed = 1;
        while (parts.Select(path => Tail(path, needed)).Distinct(StringComparer.Ordinal).Count() < parts.Length
            && needed < parts.Max(path => path.Length)) needed++;
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        return [.. parts.Select(path => Tail(path, needed)).Select(name =>
            (seen[name] = seen.GetValueOrDefault(name) + 1) is > 1 and int number ? $"{name}-{number}" : name)];
    }

    private static IPAddress Address(string? host)
    {
        if (host is null or "localhost") return IPAddress.Loopback;
        return IPAddress.TryParse(host, out var address) ? address
            : throw new InputException($"--host is '{host}', expected an address such as 127.0.0.1, 0.0.0.0 or ::1.");
    }

    private static string? Key(string? variable)
    {
        if (variable is null) return null;
        return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key ? key
            : throw new InputException($"The environment variable {variable}, which --api-key-env names, is not set: put the key in it.");
    }

    private static Option<int?> Whole(string name, string help, int least, int most) =>
        CommonOptions.Parsed<int?>(name, help, text => int.TryParse(text, out int number) && number >= least && number <= most
            ? number : null, $"a whole number from {least} to {most}");
}
