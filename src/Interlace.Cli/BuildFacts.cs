using TorchSharp;

namespace Interlace.Cli;

/// <summary>
/// What the build wrote into the program: from which commit it was made, and for which engine. It lies in a resource, because an
/// attribute would be part of the reference assembly, and what is compiled against it would be compiled again for every commit.
/// </summary>
internal static class BuildFacts
{
    private const string Resource = "build-facts", Unknown = "unknown";

    private static readonly Dictionary<string, string> Facts = Read();

    /// <summary>Forty hexadecimal digits; <c>unknown</c> where the sources lay in no checkout.</summary>
    public static string Commit => Facts.GetValueOrDefault("commit", Unknown);

    /// <summary>The engine as a person reads it. It is not loaded for this, which takes longer than many a command.</summary>
    public static string Engine
    {
        get
        {
            string version = Facts.GetValueOrDefault("libtorch", Unknown), kind = Facts.GetValueOrDefault("engine", Unknown);
            string native = kind == "none" ? $"libtorch of this machine (made for {version})" : $"libtorch {version} ({kind})";
            return $"{native}, TorchSharp {typeof(torch).Assembly.GetName().Version!.ToString(3)}";
        }
    }

    /// <summary>Lines of a name and a value; a value that the build did not know is absent.</summary>
    private static Dictionary<string, string> Read()
    {
        using var stream = typeof(BuildFacts).Assembly.GetManifestResourceStream(Resource)!;
        using var lines = new StreamReader(stream);
        return lines.ReadToEnd().Split('\n').Select(line => line.Trim().Split(' ', 2)).Where(parts => parts is [_, not ""])
            .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);
    }
}
