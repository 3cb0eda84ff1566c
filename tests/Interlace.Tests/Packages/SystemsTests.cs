using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Interlace.Tests.Packages;

/// <summary>
/// Other systems than the one that all is run on: the engine that a build for each takes, and what is called of the system itself.
/// </summary>
public partial class SystemsTests
{
    [Theory]
    [InlineData("linux-x64", "", "libtorch-cpu-linux-x64")]
    [InlineData("win-x64", "", "libtorch-cpu-win-x64")]
    [InlineData("osx-arm64", "", "libtorch-cpu-osx-arm64")]
    [InlineData("linux-x64", "-p:Cuda=true", "libtorch-cuda-12.8-linux-x64")]
    [InlineData("win-x64", "-p:Cuda=true", "libtorch-cuda-12.8-win-x64")]
    [InlineData("osx-arm64", "-p:Cuda=true", null)]
    [InlineData("linux-x64", "-p:Engine=none", null)]
    [InlineData("win-x64", "-p:Engine=none", null)]
    public void A_build_takes_the_engine_of_its_system_and_no_other(string system, string choice, string? engine)
    {
        Sdk.Require();
        string[] choices = [$"-p:RuntimeIdentifier={system}", .. choice.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        Assert.Equal(engine is null ? [] : [engine], References("Interlace.Cli", choices).Where(IsEngine));
    }

    [Theory, InlineData("Interlace"), InlineData("Interlace.Vlm")]
    public void A_library_takes_no_engine(string project)
    {
        Sdk.Require();
        Assert.DoesNotContain(References(project, ["-p:RuntimeIdentifier=linux-x64"]), IsEngine);
    }

    /// <summary>With the attribute the compiler refuses a call that no question for the system guards.</summary>
    [Fact]
    public void What_is_called_of_the_system_is_guarded_and_listed()
    {
        string listed = File.ReadAllText(Path.Combine(Shared.Repository, "docs", "systems.md"));
        int calls = 0;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Shared.Repository, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)))
        {
            string[] lines = File.ReadAllLines(file);
            Assert.DoesNotContain(lines, line => line.Contains("[DllImport", StringComparison.Ordinal));
            foreach (int at in Enumerable.Range(0, lines.Length))
            {
                if (!lines[at].Contains("[LibraryImport(\"libc\"", StringComparison.Ordinal)) continue;
                Assert.True(Guard().IsMatch(lines[at - 1]), $"{Path.GetFileName(file)}, line {at + 1}: the system is not named");
                string function = Function().Match(lines[at + 1]).Groups[1].Value;
                Assert.Contains($"`{function}`", listed, StringComparison.Ordinal);
                calls++;
            }
        }
        Assert.True(calls > 0);
    }

    [GeneratedRegex(@"\[(Supported|Unsupported)OSPlatform\(""(linux|windows)""\)\]")]
    private static partial Regex Guard();

    [GeneratedRegex(@"partial \S+ (\w+)\(")]
    private static partial Regex Function();

    private static bool IsEngine(string package) => package.StartsWith("libtorch", StringComparison.Ordinal);

    private static IEnumerable<string> References(string project, IEnumerable<string> properties) =>
        JsonNode.Parse(Sdk.Run(Shared.Repository, ["msbuild", Path.Combine("src", project), "-getItem:PackageReference", .. properties]))!
            ["Items"]!["PackageReference"]!.AsArray().Select(item => (string)item!["Identity"]!);
}
