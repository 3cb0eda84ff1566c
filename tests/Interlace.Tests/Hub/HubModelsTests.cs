using System.Text;
using Interlace.Vlm;
using Interlace.Vlm.Hub;

namespace Interlace.Tests.Hub;

/// <summary>Models from a hub on this machine: the layout of the cache, resuming, refusals.</summary>
public class HubModelsTests
{
    private const string Weights = "model.safetensors";

    [Fact]
    public void A_model_comes_into_the_layout_of_the_cache()
    {
        using var hub = new TestHub();
        var files = new Dictionary<string, byte[]>(TestHub.DemoModel)
        {
            ["README.md"] = [1], ["pytorch_model.bin"] = [2], ["onnx/config.json"] = [3], ["LICENSE"] = "free"u8.ToArray(),
            ["additional_chat_templates/tools.jinja"] = "{}"u8.ToArray(), [".gitattributes"] = [4],
        };
        string commit = hub.Server.Add("models", TestHub.Model, files);
        hub.Server.PageFiles = 3;
        var model = hub.Fetch();

        string[] wanted = [.. TestHub.DemoModel.Keys.Append("LICENSE").Append("additional_chat_templates/tools.jinja")
            .Order(StringComparer.Ordinal)];
        Assert.Equal((commit, wanted.Length), (model.Commit, model.Files));
        Assert.Equal(Path.Combine(hub.ModelFolder, "snapshots", commit), model.Folder);
        Assert.Equal(commit, File.ReadAllText(Path.Combine(hub.ModelFolder, "refs", "main")));
        Assert.Equal(wanted, HubServer.FilesOf(model.Folder).Keys);
        foreach (string path in wanted)
        {
            string up = string.Concat(Enumerable.Repeat("../", path.Split('/').Length + 1));
            Assert.Equal($"{up}blobs/{HubServer.HashOf(path, files[path])}", new FileInfo(Path.Combine(model.Folder, path)).LinkTarget);
            Assert.Equal(files[path], File.ReadAllBytes(Path.Combine(model.Folder, path)));
        }
        Assert.Equal(wanted.Select(path => HubServer.HashOf(path, files[path])).Distinct().Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(Path.Combine(hub.ModelFolder, "blobs")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(Path.Combine(hub.Cache, ".locks", "models--some-org--Demo.Model-2B", HubServer.Sha256(files[Weights])
            + ".lock")));
        Assert.Equal(model.Folder, HubModels.InCache(model.Repository, hub.Settings()));
        // Nothing comes twice, and another commit brings what is new alone.
        Assert.Equal(0, hub.Fetch().FetchedBytes);
        files["config.json"] = [.. files["config.json"], (byte)'\n'];
        string next = hub.Server.Add("models", TestHub.Model, files);
        Assert.Equal(model.Folder, HubModels.InCache(model.Repository, hub.Settings()));
        Assert.Equal((next, (long)files["config.json"].Length), (hub.Fetch() is var later ? later.Commit : "", later.FetchedBytes));
        Assert.Equal(commit, HubModels.InCache(new(HubKind.Model, TestHub.Model, commit), hub.Settings()) is { } old
            ? Path.GetFileName(old) : null);
    }

    [Fact]
    public void Only_the_shards_of_the_index_are_fetched()
    {
        using var hub = new TestHub();
        var files = new Dictionary<string,
            byte[]>(TestHub.DemoModel) { ["a.safetensors"] = [1], ["b.safetensors"] = [2], ["other.safetensors"] = [3] };
        files["model.safetensors.index.json"] =
            """{"weight_map": {"x": "a.safetensors", "y": "b.safetensors", "z": "a.safetensors"}}"""u8.ToArray();
        files.Remove(Weights);
        hub.Server.Add("models", TestHub.Model, files);
        string[] came = [.. HubServer.FilesOf(hub.Fetch().Folder).Keys.Where(HubServer.IsLarge)];
        Assert.Equal(["a.safetensors", "b.safetensors"], came);
    }

    [Fact]
    public void The_token_goes_to_its_own_host_alone()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel, gated: "hf_secret");
        hub.Fetch(hub.Settings(("HF_TOKEN", "hf_secret\n")));
        var (stored, own) = (hub.Server.Requests.Where(request => request.OnStore), hub.Server.Requests.Where(request => !request.OnStore));
        Assert.NotEmpty(stored);
        Assert.All(stored, request => Assert.Null(request.Token));
        Assert.All(own, request => Assert.Equal("Bearer hf_secret", request.Token));
        Assert.DoesNotContain("hf_secret", hub.Settings(("HF_TOKEN", "hf_secret")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_token_may_stand_in_a_file()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel, gated: "hf_of_file");
        File.WriteAllText(hub.Folder.At("home", "token"), "hf_of_file\n");
        Assert.Equal(TestHub.DemoModel.Count, hub.Fetch().Files);
        Assert.Contains("is gated", Refusal(() => hub.Fetch(hub.Settings(("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")))),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429, "Retry-After: 0\r\n", 2)]
    [InlineData(503, "", 2)]
    [InlineData(500, "", 1)]
    public void Passing_faults_are_tried_again(int status, string headers, int times)
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        var counts = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        hub.Server.Faults = request => counts.AddOrUpdate(request.Path, 1, (_, n) => n + 1) <= times ? new(status, headers) : null;
        Assert.Equal(TestHub.DemoModel[Weights], File.ReadAllBytes(Path.Combine(hub.Fetch().Folder, Weights)));
    }

    [Fact]
    public void The_pause_is_the_one_that_the_server_asks_for()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        int count = 0;
        hub.Server.Faults = request => Interlocked.Increment(ref count) == 1 ? new(429, "Retry-After: 2\r\n") : null;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        hub.Fetch();
        Assert.True(watch.Elapsed.TotalSeconds >= 1.9);
    }

    [Fact]
    public void A_server_that_goes_on_failing_is_said()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        hub.Server.Faults = _ => new(503);
        Assert.Contains("503", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        hub.Server.Faults = _ => new(429, "Retry-After: 0\r\n");
        Assert.Contains("fewer requests", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_broken_connection_is_gone_on_from(bool chunked)
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        hub.Server.Faults = request => request.OnStore ? new(CutAfter: 700_000, Chunked: chunked) : null;
        Assert.Equal(TestHub.DemoModel[Weights], File.ReadAllBytes(Path.Combine(hub.Fetch().Folder, Weights)));
        Assert.Contains(hub.Server.Requests, request => request.OnStore && request.Range == "bytes=700000-");
        Assert.True(hub.Server.ContentSent <= TestHub.DemoModel.Values.Sum(file => file.LongLength));   // no byte came twice
    }

    [Fact]
    public void A_server_without_ranges_begins_again()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        int count = 0;
        hub.Server.Faults = request => !request.OnStore ? null
            : Interlocked.Increment(ref count) == 1 ? new(CutAfter: 100_000) : new(IgnoresRange: true);
        Assert.Equal(TestHub.DemoModel[Weights], File.ReadAllBytes(Path.Combine(hub.Fetch().Folder, Weights)));
    }

    [Fact]
    public void Fetching_that_is_called_off_goes_on_where_it_stopped()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        var random = new Random(5);
        string whole = Path.Combine(hub.ModelFolder, "blobs", HubServer.Sha256(TestHub.DemoModel[Weights]));
        // The weights may have come whole before another file was called off.
        long Stored() => new[] { whole, $"{whole}.incomplete" }.Where(File.Exists).Sum(file => new FileInfo(file).Length);
        for (int kill = 0; kill < 10; kill++)
        {
            using var end = new CancellationTokenSource();
            int bytes = random.Next(10_000, 500_000);
            // The store falls silent in the middle; then the fetching is called off.
            hub.Server.Faults = request =>
            {
                if (request.OnStore) end.CancelAfter(50);
                return request.OnStore ? new(CutAfter: bytes) : null;
            };
            long before = Stored();
            try
            {
                hub.Fetch(cancellation: end.Token);
                break;
            }
            catch (OperationCanceledException)
            {
                Assert.True(Stored() >= before);
                Assert.Null(HubModels.InCache(new(HubKind.Model, TestHub.Model), hub.Settings()));
            }
        }
        hub.Server.Faults = _ => null;
        var model = hub.Fetch();
        Assert.All(TestHub.DemoModel, file => Assert.Equal(file.Value, File.ReadAllBytes(Path.Combine(model.Folder, file.Key))));
        Assert.False(File.Exists($"{whole}.incomplete"));
        Assert.True(hub.Server.ContentSent < 3 * TestHub.DemoModel[Weights].LongLength);
    }

    [Fact]
    public void What_an_earlier_attempt_spoilt_is_fetched_anew()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        string partial = hub.Folder.At("home", "hub", "models--some-org--Demo.Model-2B", "blobs",
            HubServer.Sha256(TestHub.DemoModel[Weights]) + ".incomplete");
        File.WriteAllBytes(partial, new byte[12_345]);
        Assert.Equal(TestHub.DemoModel[Weights], File.ReadAllBytes(Path.Combine(hub.Fetch().Folder, Weights)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Another_content_than_the_listed_one_is_refused(bool large)
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        hub.Server.Faults = request => request.OnStore == large && request.Path.Contains(large ? "signed" : "merges.txt")
            ? new(Spoilt: true) : null;
        string sentence = Refusal(() => hub.Fetch());
        Assert.Contains(large ? "(its SHA-256 is" : "(its git hash is", sentence, StringComparison.Ordinal);
        string name = large ? Weights : "merges.txt";
        Assert.False(File.Exists(Path.Combine(hub.ModelFolder, "blobs", HubServer.HashOf(name, TestHub.DemoModel[name]) + ".incomplete")));
        Assert.False(File.Exists(Path.Combine(hub.ModelFolder, "refs", "main")));
    }

    [Fact]
    public void A_missing_a_gated_and_a_private_model_are_told_apart()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel, gated: "hf_right");
        Assert.Contains("is gated: accept its terms at", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        Assert.Contains("the token's account may not read it", Refusal(() => hub.Fetch(hub.Settings(("HF_TOKEN", "hf_wrong")))),
            StringComparison.Ordinal);
        Assert.Contains("or it is private", Refusal(() => hub.Fetch(name: "some-org/nothing")), StringComparison.Ordinal);
        Assert.Contains("has no revision v9", Refusal(() => hub.Fetch(hub.Settings(("HF_TOKEN", "hf_right")), TestHub.Model + "@v9")),
            StringComparison.Ordinal);
        hub.Server.Faults = _ => new(401, "");
        Assert.Contains("does not know the token", Refusal(() => hub.Fetch(hub.Settings(("HF_TOKEN", "hf_right")))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Names_in_answers_do_not_lead_out_of_the_cache()
    {
        foreach (string path in new[] { "../evil.json", "/etc/evil.json", "a/../../evil.json", "a\\..\\evil.json", "a//evil.json" })
        {
            using var hub = new TestHub();
            hub.Server.Add("models", TestHub.Model, new Dictionary<string, byte[]>(TestHub.DemoModel) { [path] = [1] });
            Assert.Contains("is no plain file name", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
            Assert.False(Directory.Exists(Path.Combine(hub.Cache, "models--some-org--Demo.Model-2B", "snapshots")));
        }
    }

    [Fact]
    public void Answers_that_no_hub_gives_are_refused()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        void On(string part, HubFault fault) => hub.Server.Faults = request => request.Path.Contains(part) ? fault : null;
        On("/revision/", new(Body: "{\"sha\": \"../../x\"}"));
        Assert.Contains("does not say which commit", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        On("/revision/", new(Body: "<html>"));
        Assert.Contains("something else than a hub", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        On("/tree/", new(Body: """[{"type": "file", "path": "config.json", "size": -1, "oid": "x"}]"""));
        Assert.Contains("impossible size", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        On("/tree/", new(Body: """[{"type": "file", "path": "config.json", "size": 1, "oid": "../x"}]"""));
        Assert.Contains("without a hash", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        On("/tree/", new(Headers: "Link: <http://example.org/tree?cursor=1>; rel=\"next\"\r\n"));
        Assert.Contains("elsewhere", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        On("/resolve/", new(302, "Location: ftp://127.0.0.1/x\r\n"));
        Assert.Contains("it is not followed", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        On("/resolve/", new(302, $"Location: {hub.Server.Endpoint}/some-org/Demo.Model-2B/resolve/x/y\r\n"));
        Assert.Contains("more than 5 times", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_silent_server_is_not_waited_for_without_end()
    {
        using var hub = new TestHub();
        hub.Server.Faults = _ => new(Silent: TimeSpan.FromSeconds(30));
        var settings = new HubSettings(name => hub.Variables().GetValueOrDefault(name))
        {
            Pause = TimeSpan.FromMilliseconds(1), Patience = TimeSpan.FromMilliseconds(100),
        };
        Assert.Contains("no answer within 0.1 s", Refusal(() => hub.Fetch(settings)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_model_is_refused_before_its_weights_come()
    {
        using var hub = new TestHub();
        var pickles = new Dictionary<string, byte[]>(TestHub.DemoModel) { ["pytorch_model.bin"] = [1] };
        pickles.Remove(Weights);
        hub.Server.Add("models", TestHub.Model, pickles);
        Assert.Contains("pickled", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        hub.Server.Add("models", TestHub.Model, new Dictionary<string, byte[]> { ["m.gguf"] = [1] });
        Assert.Contains("interlace import", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        hub.Server.Add("models", TestHub.Model, new Dictionary<string,
            byte[]>(TestHub.DemoModel) { ["config.json"] = "{\"model_type\": \"bert\"}"u8.ToArray() });
        Assert.Contains("'bert', which is not supported", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        hub.Server.Add("models", TestHub.Model, new Dictionary<string, byte[]>(TestHub.DemoModel)
            { ["model.safetensors.index.json"] = """{"weight_map": {"x": "../../up.safetensors"}}"""u8.ToArray() });
        Assert.Contains("no plain file name", Refusal(() => hub.Fetch()), StringComparison.Ordinal);
        Assert.DoesNotContain(hub.Server.Requests, request => request.OnStore);
    }

    [Fact]
    public void Without_a_network_the_cache_serves_alone()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        var offline = hub.Settings(("HF_HUB_OFFLINE", "1"));
        Assert.Contains("HF_HUB_OFFLINE forbids", Refusal(() => hub.Fetch(offline)), StringComparison.Ordinal);
        var model = hub.Fetch();
        int asked = hub.Server.Requests.Count;
        Assert.Equal(model.Folder, HubModels.InCache(model.Repository, offline));
        Assert.Equal(asked, hub.Server.Requests.Count);
    }

    [Fact]
    public async Task A_content_that_another_process_fetches_is_waited_for()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        string path = hub.Folder.At("home", "hub", ".locks", "models--some-org--Demo.Model-2B",
            HubServer.Sha256(TestHub.DemoModel[Weights]) + ".lock");
        Task<FetchedModel> fetching;
        using (new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))   // flock, as Python's filelock takes it
        {
            fetching = Task.Run(() => hub.Fetch());
            await Task.Delay(600);
            Assert.False(fetching.IsCompleted);
            Assert.DoesNotContain(hub.Server.Requests, request => request.OnStore);
        }
        Assert.Equal(TestHub.DemoModel[Weights], File.ReadAllBytes(Path.Combine((await fetching).Folder, Weights)));
    }

    [Theory]
    [InlineData("Qwen/Qwen3-VL-4B-Instruct", "Qwen/Qwen3-VL-4B-Instruct", "main")]
    [InlineData("hf://a/b@refs/pr/1", "a/b", "refs/pr/1")]
    [InlineData("hf://models/a/b", "a/b", "main")]
    [InlineData("./a/b", null, null)]
    [InlineData("a/b/c", null, null)]
    [InlineData("a", null, null)]
    [InlineData("a/..", null, null)]
    [InlineData("a/b--c", null, null)]
    [InlineData("a/b@../c", null, null)]
    [InlineData("a/b@", null, null)]
    public void Names_have_one_form(string text, string? id, string? revision)
    {
        var found = HubRepository.Find(text, HubKind.Model);
        Assert.Equal((id, revision), (found?.Id, found?.Revision));
    }

    [Fact]
    public void A_local_folder_wins_and_a_mistyped_path_asks_nobody()
    {
        using var folder = new ScratchFolder();
        Assert.Null(HubModels.Meant(folder.Path));
        Assert.Null(HubModels.Meant("nowhere/plan.json"));
        Assert.Equal("nowhere-at-all/model", HubModels.Meant("nowhere-at-all/model")!.Id);
    }

    [Theory]
    [InlineData("HF_ENDPOINT", "ftp://x", "HF_ENDPOINT is no address")]
    [InlineData("HF_TOKEN", "a b", "HF_TOKEN holds no token")]
    public void Wrong_variables_are_named(string name, string value, string expected)
    {
        using var hub = new TestHub();
        Assert.Contains(expected, Refusal(() => hub.Settings((name, value))), StringComparison.Ordinal);
        Assert.Contains("anybody on the way could read the token",
            Refusal(() => hub.Settings(("HF_ENDPOINT", "http://mirror.example"), ("HF_TOKEN", "x"))), StringComparison.Ordinal);
    }

    private static string Refusal(Action act)
    {
        string sentence = Assert.Throws<InputException>(act).Message;
        Assert.EndsWith(".", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_", sentence.Replace("HF_", "", StringComparison.Ordinal), StringComparison.Ordinal);
        return sentence;
    }
}
