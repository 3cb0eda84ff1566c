using System.Runtime.InteropServices;
using System.Text;
using System.Xml.Linq;

namespace Interlace.Tests.Packages;

/// <summary>
/// The packages of the two libraries: what is in them, what they need, and that the sample of their README does what it says.
/// </summary>
public sealed class PackageTests(PackedLibraries packed) : IClassFixture<PackedLibraries>
{
    [Theory, InlineData("Interlace"), InlineData("Interlace.Vlm")]
    public void A_package_holds_one_assembly_its_documents_and_no_natives(string name)
    {
        var files = packed.Files(name);
        string[] cure = name == "Interlace.Vlm" ? ["buildTransitive/Interlace.Vlm.targets", "buildTransitive/LoaderCure.cs"] : [];
        string library = $"lib/net10.0/{name}.dll", texts = $"lib/net10.0/{name}.xml", symbols = $"lib/net10.0/{name}.pdb";
        string[] expected = [$"{name}.nuspec", "README.md", "THIRD-PARTY-NOTICES.md", library, texts, .. cure];
        Assert.Equal(expected.Order(StringComparer.Ordinal), files.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(File.ReadAllBytes(At("docs", "library.md")), files["README.md"]);
        Assert.Equal(File.ReadAllBytes(At("THIRD-PARTY-NOTICES.md")), files["THIRD-PARTY-NOTICES.md"]);
        var documented = XDocument.Parse(Encoding.UTF8.GetString(files[texts])).Descendants("member");
        Assert.Contains(documented, member => member.Attribute("name")!.Value.StartsWith("T:Interlace.", StringComparison.Ordinal));
        var debugging = packed.Files(name, ".snupkg");
        Assert.Equal([$"{name}.nuspec", symbols], debugging.Keys.Order(StringComparer.Ordinal));
        byte[] here = Encoding.UTF8.GetBytes(Shared.Repository);
        if (Sdk.Configuration != "Release") return;
        Assert.True(files[library].AsSpan().IndexOf(here) < 0, "the assembly names a folder of this machine");
        Assert.True(debugging[symbols].AsSpan().IndexOf(here) < 0, "the symbols name a folder of this machine");
    }

    [Theory, InlineData("Interlace"), InlineData("Interlace.Vlm")]
    public void A_package_names_its_licence_no_address_and_what_it_needs_without_an_engine(string name)
    {
        var specification = XDocument.Load(new MemoryStream(packed.Files(name)[$"{name}.nuspec"])).Root!;
        string Value(string element) => specification.Descendants().Single(e => e.Name.LocalName == element).Value;
        Assert.Equal(("Apache-2.0", PackedLibraries.Version, "README.md"), (Value("license"), Value("version"), Value("readme")));
        Assert.DoesNotContain(specification.Descendants(), e => e.Name.LocalName == "projectUrl" || e.Attribute("url") is not null);
        var needs = specification.Descendants().Where(e => e.Name.LocalName == "dependency")
            .ToDictionary(e => e.Attribute("id")!.Value, e => e.Attribute("version")!.Value);
        Assert.Contains("TorchSharp", needs.Keys);
        Assert.DoesNotContain(needs.Keys, id => id.StartsWith("libtorch", StringComparison.Ordinal));
        Assert.DoesNotContain(needs.Keys, id => id.Contains("Analyzers", StringComparison.Ordinal));
        if (name == "Interlace") Assert.Equal(PackedLibraries.Version, needs["Interlace.Vlm"]);
        else Assert.DoesNotContain("Interlace", needs.Keys);
    }

    [Fact]
    public void The_sample_of_the_readme_writes_what_the_commands_write()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "the sample is for linux-x64");
        string readme = File.ReadAllText(At("docs", "library.md")), program = Block(readme, "csharp"), project = Block(readme, "xml");
        Assert.InRange(program.TrimEnd().Split('\n').Length, 5, 20);
        Assert.Contains($"\"Interlace\" Version=\"{PackedLibraries.Version}\"", project, StringComparison.Ordinal);

        using var scratch = new ScratchFolder();
        // Our two packages are taken from the feed into a folder of their own, all others from where the build has put them.
        File.WriteAllText(scratch.At("app", "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{scratch.At("packages")}" /></config>
              <fallbackPackageFolders><clear /><add key="machine" value="{Sdk.Packages}" /></fallbackPackageFolders>
              <packageSources><clear /><add key="feed" value="{packed.Feed}" /></packageSources>
            </configuration>
            """);
        File.WriteAllText(scratch.At("app", "Sample.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
            <PropertyGroup>
              <OutputType>Exe</OutputType>
              <ImplicitUsings>enable</ImplicitUsings>
              <InvariantGlobalization>true</InvariantGlobalization>
              <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
              <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
            </PropertyGroup>
            {project}
            </Project>
            """);
        File.WriteAllText(scratch.At("app", "Program.cs"), program);
        Sdk.Run(scratch.At("app"), "build", "-c", "Release", "-o", scratch.At("built"));
        foreach (string name in new[] { "Interlace", "Interlace.Vlm" })
            Assert.Equal(packed.Files(name)[$"lib/net10.0/{name}.dll"], File.ReadAllBytes(scratch.At("built", $"{name}.dll")));

        string model = TinyCheckpoints.Tied, data = At("assets", "demo", "finevision"), ours = scratch.At("ours"), its = scratch.At("its");
        Directory.CreateDirectory(its);
        string said = Sdk.Run(its, scratch.At("built", "Sample.dll"), model, data, its);
        Assert.Matches(@"^9 of 12 layers stay, \d+ parameters\n$", said);

        Ends(["calibrate", model, "--data", data, "--rate", "0.5", "--out", ours, "--device", "cpu", "--dtype", "fp32"]);
        Ends(["plan", ours, "--ratio", "0.25"]);
        Ends(["prune", model, "--plan", ours, "--out", Path.Combine(ours, "pruned")]);
        string[] written = [.. Relative(its)];
        Assert.Contains("similarity.json", written);
        Assert.Contains("pruned/config.json", written);
        Assert.Equal(Relative(ours).Where(name => name != "run.json"), written);
        foreach (string name in written)
        {
            byte[] expected = File.ReadAllBytes(Path.Combine(ours, name)), found = File.ReadAllBytes(Path.Combine(its, name));
            Assert.True(expected.AsSpan().SequenceEqual(found), $"{name} differs");
        }

        static void Ends(string[] arguments)
        {
            var run = Cli.CommandRun.Of(arguments);
            Assert.True(run.Code == 0, run.Error);
        }
    }

    private static string At(params string[] parts) => Path.Combine([Shared.Repository, .. parts]);

    private static IEnumerable<string> Relative(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal);

    /// <summary>The first block of a document in a language.</summary>
    private static string Block(string document, string language)
    {
        string before = $"```{language}\n";
        int start = document.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return document[start..document.IndexOf("```", start, StringComparison.Ordinal)];
    }
}
