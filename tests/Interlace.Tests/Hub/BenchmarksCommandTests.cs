using System.Security.Cryptography;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Hub;

namespace Interlace.Tests.Hub;

/// <summary>Tables from published addresses, here from a mirror on this machine.</summary>
public class BenchmarksCommandTests
{
    [Fact]
    public void Every_benchmark_of_the_paper_has_a_published_address()
    {
        Assert.Equal(Benchmarks.Paper.Select(known => known.Name).Order(StringComparer.Ordinal),
            TableFetch.Addresses.Keys.Order(StringComparer.Ordinal));
        Assert.All(Benchmarks.Paper, known =>
        {
            Assert.Equal(("https", known.File), (TableFetch.Addresses[known.Name].Scheme, TableFetch.Addresses[known.Name].Segments[^1]));
            Assert.Equal(32, known.Md5!.Length);
        });
    }

    [Fact]
    public void A_file_comes_once_goes_on_and_is_checked()
    {
        using var hub = new TestHub();
        byte[] table = [.. Enumerable.Range(0, 400_000).Select(i => (byte)(i * i >> 3))];
        string md5 = Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.MD5, table));
        hub.Server.Add("datasets", "some-org/tables", new Dictionary<string, byte[]> { ["A.tsv"] = table });
        var file = new WebFile("The table of A", new("https://huggingface.co/datasets/some-org/tables/resolve/main/A.tsv"), md5);
        string target = hub.Folder.At("tables", "A.tsv");
        hub.Server.Faults = request => request.Range == "bytes=0-0" ? null : new(CutAfter: 150_000);
        Assert.Equal(table.Length, file.Fetch(target, hub.Settings()));
        Assert.Equal(table, File.ReadAllBytes(target));
        Assert.Contains(hub.Server.Requests, request => request.Range == "bytes=150000-");
        int asked = hub.Server.Requests.Count;
        file.Fetch(target, hub.Settings());
        Assert.Equal(asked, hub.Server.Requests.Count);
        File.AppendAllText(target, "x");
        Assert.Contains("is another file than the published one", Refusal(() => file.Fetch(target, hub.Settings())),
            StringComparison.Ordinal);
        var other = file with { Md5 = new string('0', 32) };
        Assert.Contains($"(its MD5 is {md5}, not 0", Refusal(() => other.Fetch(target + "2", hub.Settings())), StringComparison.Ordinal);
        Assert.Equal(["A.tsv"], Directory.EnumerateFiles(hub.Folder.At("tables")).Select(Path.GetFileName));
        hub.Server.Faults = _ => new(404);
        Assert.Contains("answers 404", Refusal(() => other.Fetch(target + "2", hub.Settings())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_takes_names_and_a_mirror()
    {
        using var hub = new TestHub();
        string folder = hub.Folder.At("tables"), mirror = $"{hub.Server.Endpoint}/datasets/some-org/tables/resolve/main";
        hub.Server.Add("datasets", "some-org/tables", new Dictionary<string, byte[]> { ["POPE.tsv"] = [1, 2, 3] });
        var wrong = await FetchCommandTests.Run(hub, [], "benchmarks", "fetch", "--only", "POPE", "--mirror", mirror, "--out", folder);
        Assert.Equal(2, wrong.Code);
        Assert.Contains("The table of POPE comes with another content than it should", wrong.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(folder));
        Assert.Contains("There is no published table of 'Nothing'", Cli.CommandRun.Of("benchmarks", "fetch", "--only", "Nothing", "--out",
            folder).Refusal(), StringComparison.Ordinal);
        Assert.Contains("'list' is nothing", Cli.CommandRun.Of("benchmarks", "list", "--out", folder).Refusal(), StringComparison.Ordinal);
    }

    private static string Refusal(Action act) => Assert.Throws<InputException>(act).Message;
}
