using System.IO.Enumeration;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Interlace.Tests;

/// <summary>The repository as its readers find it: README against the folder, licences, versions, links, no trace of any one machine.</summary>
public partial class RepositoryTests
{
    private static readonly string[] Ignored = [".git", .. File.ReadAllLines(At(".gitignore")).Select(line => line.Trim().Trim('/')).Where(line => line.Length > 0)];

    [Fact]
    public void The_tree_in_the_readme_equals_the_folder()
    {
        var tree = Tree();
        // Folders in which everything must be listed: the top, and those whose content the tree shows.
        string[] complete = ["", .. tree.Select(Parent).Where(parent => parent.Length > 0).Distinct()];
        Assert.Superset(new HashSet<string> { "", "src/", "tests/", "docs/" }, new HashSet<string>(complete));
        string[] present = [.. complete.SelectMany(Children)];
        Assert.Equal(present.Order(StringComparer.Ordinal), tree.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_file_names_a_path_of_one_machine()
    {
        byte[][] traces = [.. new[] { "/wor" + "k/", "/roo" + "t/", "bash_" + "jobs", "file:" + "//" }.Select(Encoding.UTF8.GetBytes)];
        foreach (string file in Files())
        {
            byte[] bytes = File.ReadAllBytes(file);
            foreach (byte[] trace in traces)
                Assert.False(bytes.AsSpan().IndexOf(trace) >= 0, $"{Path.GetRelativePath(Shared.Repository, file)} contains {Encoding.UTF8.GetString(trace)}");
        }
    }

    [Fact]
    public void The_licence_is_there_and_packages_carry_it()
    {
        string licence = File.ReadAllText(At("LICENSE"));
        Assert.Contains("Apache License", licence);
        Assert.Contains("Version 2.0, January 2004", licence);
        Assert.Contains("END OF TERMS AND CONDITIONS", licence);
        Assert.Equal("Apache-2.0", XDocument.Load(At("Directory.Build.props")).Descendants("PackageLicenseExpression").Single().Value);
    }

    [Fact]
    public void The_notices_name_every_package_in_its_version()
    {
        string[] rows = [.. File.ReadAllLines(At("THIRD-PARTY-NOTICES.md")).Where(line => line.StartsWith("| ", StringComparison.Ordinal))];
        foreach (var (name, version) in CentralVersions())
            Assert.True(rows.Any(row => row.Split('|') is [_, var names, var versions, ..] && names.Split([' ', ',', ';']).Contains(name) && versions.Trim() == version), $"no row for {name} {version}");
    }

    [Fact]
    public void The_notices_name_every_font()
    {
        string notices = File.ReadAllText(At("THIRD-PARTY-NOTICES.md"));
        Assert.All(Files().Where(file => Path.GetExtension(file) is ".ttf" or ".otf" or ".woff" or ".woff2"), font => Assert.Contains(Path.GetFileName(font), notices));
    }

    [Fact]
    public void Projects_take_all_versions_from_one_file()
    {
        var central = CentralVersions();
        Assert.Equal("true", XDocument.Load(At("Directory.Packages.props")).Descendants("ManagePackageVersionsCentrally").Single().Value);
        string[] projects = [.. Files().Where(file => Path.GetExtension(file) is ".csproj" or ".props" or ".targets")];
        Assert.True(projects.Count(file => file.EndsWith(".csproj", StringComparison.Ordinal)) >= 4);
        foreach (string project in projects)
            foreach (XElement reference in XDocument.Load(project).Descendants("PackageReference"))
            {
                string name = reference.Attribute("Include")!.Value;
                Assert.True(reference.Attribute("Version") is null && reference.Attribute("VersionOverride") is null && !reference.Elements().Any(e => e.Name.LocalName.StartsWith("Version", StringComparison.Ordinal)), $"{project}: {name} has a version of its own");
                Assert.Contains(name, central.Keys);
            }
    }

    [Fact]
    public void The_script_of_continuous_integration_runs_the_commands_of_the_readme()
    {
        string readme = File.ReadAllText(At("README.md")), script = File.ReadAllText(At(".ci/run"));
        foreach (string command in new[] { "dotnet test -c Release", "dotnet run -c Release --project src/Interlace.Cli -- demo --out " })
        {
            Assert.Contains("\n" + command, readme);
            Assert.Contains(script.Split('\n'), line => line.Contains(command) && !line.StartsWith("step", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_commands_in_the_readme_are_those_of_the_program()
    {
        IEnumerable<string> listed = File.ReadAllLines(At("README.md")).SkipWhile(line => line != "## Commands").TakeWhile(line => line != "## Using a pruned model elsewhere")
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line[3..].Split(' ', '`')[0]);
        Assert.Equal(Interlace.Cli.Verbs.Create().Select(verb => verb.Name), listed);
    }

    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        int links = 0;
        foreach (string document in Files().Where(file => file.EndsWith(".md", StringComparison.Ordinal)))
            foreach (Match link in Link().Matches(File.ReadAllText(document)))
            {
                string target = link.Groups[1].Value;
                if (target.Contains("://")) continue;
                Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, target)), $"{document}: {target}");
                links++;
            }
        Assert.True(links >= 8);
    }

    [Fact]
    public void Documents_name_only_tests_and_files_that_exist()
    {
        // The classes of this project, and the files of the other one, which are called by theirs.
        string[] others = Directory.GetFiles(At("tests/Interlace.Llama"), "*Tests.cs");
        var tests = typeof(RepositoryTests).Assembly.GetTypes().Select(type => type.Name)
            .Concat(others.Select(file => Path.GetFileNameWithoutExtension(file)!)).ToHashSet();
        foreach (string document in Directory.EnumerateFiles(At("docs"), "*.md"))
            foreach (Match name in Quoted().Matches(File.ReadAllText(document)))
            {
                string text = name.Groups[1].Value;
                if (text.EndsWith("Tests", StringComparison.Ordinal) && text.All(char.IsLetter)) Assert.True(tests.Contains(text), $"{document}: there is no test class {text}");
                if (text.StartsWith("src/", StringComparison.Ordinal) && text.Contains("Interlace")) Assert.True(Path.Exists(At(text)), $"{document}: {text}");
            }
    }

    [Fact]
    public void Lines_of_the_sources_end_by_column_140()
    {
        var wrong = from file in Files()
                    where file.Contains("/src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
                    from line in OutsideOfTexts(File.ReadLines(file))
                    where line.Length > 140 && !line.TrimStart().StartsWith("[GeneratedRegex(", StringComparison.Ordinal)
                    select $"{Path.GetRelativePath(Shared.Repository, file)}: {line.Trim()}";
        Assert.Empty(wrong);
    }

    /// <summary>Lines of code, without those of texts between three quotes, such as a style sheet.</summary>
    private static IEnumerable<string> OutsideOfTexts(IEnumerable<string> lines)
    {
        bool inside = false;
        foreach (string line in lines)
        {
            if (!inside) yield return line;
            if (line.Split("\"\"\"").Length % 2 == 0) inside = !inside;
        }
    }

    [GeneratedRegex(@"\]\(([^)#\s]+)[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([^`\s]+)`")]
    private static partial Regex Quoted();

    private static string At(params string[] parts) => Path.Combine([Shared.Repository, .. parts]);

    /// <summary>Entries of the tree in README.md, relative to the top; folders end with a slash.</summary>
    private static List<string> Tree()
    {
        string[] lines = File.ReadAllLines(At("README.md"));
        int start = Array.IndexOf(lines, "```text") + 1;
        var (entries, folder) = (new List<string>(), "");
        foreach (string line in lines[start..Array.IndexOf(lines, "```", start)])
        {
            string name = line.Trim().Split(' ')[0];
            if (!line.StartsWith(' ')) folder = name;
            entries.Add(line.StartsWith(' ') ? folder + name : name);
        }
        return entries;
    }

    private static string Parent(string entry) => entry.TrimEnd('/').LastIndexOf('/') is >= 0 and int at ? entry[..(at + 1)] : "";

    private static IEnumerable<string> Children(string folder) => new DirectoryInfo(At(folder)).EnumerateFileSystemInfos()
        .Where(entry => !IsIgnored(entry.Name)).Select(entry => folder + entry.Name + (entry is DirectoryInfo ? "/" : ""));

    private static bool IsIgnored(string name) => Ignored.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));

    /// <summary>All files of the repository but the ignored ones.</summary>
    private static IEnumerable<string> Files() => new FileSystemEnumerable<string>(Shared.Repository, static (ref FileSystemEntry entry) => entry.ToFullPath(), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
    {
        ShouldIncludePredicate = static (ref FileSystemEntry entry) => !entry.IsDirectory && !IsIgnored(entry.FileName.ToString()),
        ShouldRecursePredicate = static (ref FileSystemEntry entry) => !IsIgnored(entry.FileName.ToString()),
    };

    private static Dictionary<string, string> CentralVersions() =>
        XDocument.Load(At("Directory.Packages.props")).Descendants("PackageVersion").ToDictionary(p => p.Attribute("Include")!.Value, p => p.Attribute("Version")!.Value);
}
