using Interlace.Vlm.Hub;

namespace Interlace.Tests.Hub;

/// <summary>A hub with a cache of its own, in a folder that goes with the test.</summary>
internal sealed class TestHub : IDisposable
{
    public const string Model = "some-org/Demo.Model-2B";

    private readonly ScratchFolder _folder = new();

    public HubServer Server { get; } = new();

    public ScratchFolder Folder => _folder;

    public string Cache => Path.Combine(_folder.Path, "home", "hub");

    /// <summary>The folder of the model in the cache.</summary>
    public string ModelFolder => Path.Combine(Cache, "models--some-org--Demo.Model-2B");

    /// <summary>The files of the demo's model.</summary>
    public static Dictionary<string,
        byte[]> DemoModel { get; } = HubServer.FilesOf(Path.Combine(Shared.Repository, "assets", "demo", "model"));

    /// <summary>Settings by variables, without long pauses.</summary>
    public HubSettings Settings(params (string Name, string Value)[] variables) => new(name => Variables(variables).GetValueOrDefault(name))
    {
        Pause = TimeSpan.FromMilliseconds(10), Patience = TimeSpan.FromSeconds(20),
    };

    /// <summary>The variables that lead to this hub and its cache.</summary>
    public Dictionary<string, string> Variables(params (string Name, string Value)[] more)
    {
        Dictionary<string, string> variables =
            new() { ["HF_ENDPOINT"] = Server.Endpoint, ["HF_HOME"] = Path.Combine(_folder.Path, "home") };
        foreach (var (name, value) in more) variables[name] = value;
        return variables;
    }

    public FetchedModel Fetch(HubSettings? settings = null, string name = Model, CancellationToken cancellation = default) =>
        HubModels.Fetch(HubRepository.Parse("hf://" + name, HubKind.Model), settings ?? Settings(), cancellation: cancellation);

    public void Dispose()
    {
        Server.Dispose();
        _folder.Dispose();
    }
}
