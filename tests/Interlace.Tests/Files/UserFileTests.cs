using System.Diagnostics;
using Interlace.Vlm;
using Interlace.Vlm.Files;

namespace Interlace.Tests.Files;

public sealed class UserFileTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_regular_file_is_read_whole_up_to_its_bound()
    {
        byte[] bytes = [.. Enumerable.Range(0, 100_000).Select(i => (byte)i)];
        File.WriteAllBytes(_scratch.At("a"), bytes);
        Assert.Equal(bytes, UserFile.Read(_scratch.At("a"), bytes.Length));
        Assert.Contains("more than 99999 bytes", Refused(() => UserFile.Read(_scratch.At("a"), bytes.Length - 1)),
            StringComparison.Ordinal);
        File.WriteAllBytes(_scratch.At("empty"), []);
        Assert.Empty(UserFile.Read(_scratch.At("empty"), 10));
    }

    [Fact]
    public void What_is_not_there_is_missing_in_the_words_of_whoever_asks()
    {
        Assert.Equal($"{_scratch.At("no")} is missing.", Refused(() => UserFile.Open(_scratch.At("no"))));
        Assert.Equal("No plan.", Refused(() => UserFile.Open(_scratch.At("no"), "No plan.")));
        foreach (string none in new[] { "", "a\0b", _scratch.At("no", "folder", "file"),
            Path.Combine(_scratch.Path, new string('x', 300)) }) Assert.Equal(PathKind.Missing, UserFile.KindOf(none));
        Assert.Contains("is a folder", Refused(() => UserFile.Open(_scratch.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void Pipes_and_devices_are_neither_waited_for_nor_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes and devices are told apart on Linux");
        string pipe = _scratch.At("pipe");
        using (var made = Process.Start("mkfifo", pipe)) made.WaitForExit();
        File.CreateSymbolicLink(_scratch.At("link"), pipe);
        foreach (string special in new[] { pipe, _scratch.At("link"), "/dev/zero", "/dev/null" })
        {
            Assert.Equal(PathKind.Special, UserFile.KindOf(special));
            Assert.Contains("pipe or a device", Refused(() => UserFile.Read(special, 1000)), StringComparison.Ordinal);
        }
        File.WriteAllText(_scratch.At("text"), "a");
        File.CreateSymbolicLink(_scratch.At("link to text"), _scratch.At("text"));
        Assert.Equal("a"u8.ToArray(), UserFile.Read(_scratch.At("link to text"), 10));
    }

    [Fact]
    public void A_file_that_the_system_calls_empty_is_bounded_all_the_same()
    {
        Assert.SkipUnless(File.Exists("/proc/self/maps"), "there is no /proc");
        Assert.Contains("more than 10 bytes", Refused(() => UserFile.Read("/proc/self/maps", 10)), StringComparison.Ordinal);
    }

    private static string Refused(Action read) => Assert.Throws<InputException>(read).Message;
}
