using Interlace.Vlm.Files;

namespace Interlace.Vlm.Hub;

/// <summary>
/// Where the hub is, where its files are kept and who asks, by the variables of Hugging Face's own client: <c>HF_ENDPOINT</c>,
/// <c>HF_HOME</c>, <c>HF_HUB_CACHE</c>, <c>HF_TOKEN</c>, <c>HF_TOKEN_PATH</c>, <c>HF_HUB_DISABLE_IMPLICIT_TOKEN</c>,
/// <c>HF_HUB_OFFLINE</c> and <c>XDG_CACHE_HOME</c>. No record: the token must not come into a text by chance.
/// </summary>
public sealed class HubSettings
{
    private const int LongestToken = 4096;
    private const string Standard = "https://huggingface.co";

    /// <summary>Settings by the variables of the environment.</summary>
    /// <param name="variable">Gives the value of a variable; the process's where absent.</param>
    /// <exception cref="InputException">A variable or the token's file holds something else than it should.</exception>
    public HubSettings(Func<string, string?>? variable = null)
    {
        variable ??= Environment.GetEnvironmentVariable;
        string? Value(string name) => variable(name)?.Trim() is { Length: > 0 } text ? text : null;
        bool IsOn(string name) => Value(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

        Endpoint = EndpointIn(Value("HF_ENDPOINT") ?? Standard);
        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string caches = Value("XDG_CACHE_HOME") is { } xdg ? Expand(xdg, user) : Path.Combine(user, ".cache");
        Home = Value("HF_HOME") is { } home ? Expand(home, user) : Path.Combine(caches, "huggingface");
        Cache = (Value("HF_HUB_CACHE") ?? Value("HUGGINGFACE_HUB_CACHE")) is { } cache ? Expand(cache, user) : Path.Combine(Home, "hub");
        IsOffline = IsOn("HF_HUB_OFFLINE") || IsOn("TRANSFORMERS_OFFLINE");
        string file = Value("HF_TOKEN_PATH") is { } path ? Expand(path, user) : Path.Combine(Home, "token");
        (string? token, string place) = (Value("HF_TOKEN") ?? Value("HUGGING_FACE_HUB_TOKEN")) is { } given ? (given, "HF_TOKEN")
            : IsOn("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? (null, file) : (TokenIn(file), file);
        if (token is not null) CheckToken(token, place);
        Token = token;
    }

    /// <summary>The address of the hub, without a slash at its end.</summary>
    public Uri Endpoint { get; }

    /// <summary>Hugging Face's folder.</summary>
    public string Home { get; }

    /// <summary>The folder of the repositories that were fetched.</summary>
    public string Cache { get; }

    /// <summary>Nothing may be fetched.</summary>
    public bool IsOffline { get; }

    /// <summary>A token is there.</summary>
    public bool HasToken => Token is not null;

    /// <summary>The token, which goes to the host of <see cref="Endpoint"/> and nowhere else.</summary>
    internal string? Token { get; }

    /// <summary>The first pause before a request is repeated; it doubles.</summary>
    internal TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a server may be silent.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    private static Uri EndpointIn(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            && address is { UserInfo: "", Query: "", Fragment: "" }
            ? address : throw new InputException($"HF_ENDPOINT is no address of a hub: give one such as {Standard}.");

    private static string Expand(string path, string user) =>
        Path.GetFullPath(path == "~" ? user : path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(user, path[2..]) : path);

    private static string? TokenIn(string file)
    {
        if (UserFile.KindOf(file) != PathKind.File) return null;
        string text = System.Text.Encoding.UTF8.GetString(UserFile.Read(file, LongestToken)).Trim();
        return text.Length > 0 ? text : null;
    }

    private void CheckToken(string token, string place)
    {
        if (token.Length > LongestToken || token.Any(c => c is <= ' ' or >= '\x7f'))
            throw new InputException($"{place} holds no token: it has characters that a header cannot carry.");
        if (Endpoint.Scheme != "https" && !Endpoint.IsLoopback)
        {
            throw new InputException($"HF_ENDPOINT is {Endpoint.GetLeftPart(UriPartial.Authority)}, where anybody on the way could "
                + $"read the "
                + $"token in {place}: name an address with https, or go without the token (HF_HUB_DISABLE_IMPLICIT_TOKEN=1).");
        }
    }
}
