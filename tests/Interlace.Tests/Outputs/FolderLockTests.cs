using Interlace.Outputs;
using Interlace.Vlm;

namespace Interlace.Tests.Outputs;

public sealed class FolderLockTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_folder_is_held_once_until_it_is_given_back()
    {
        string folder = _scratch.At("run");
        using (var first = FolderLock.Take(folder))
        {
            Assert.False(first.TakenOver);
            string message = Assert.Throws<InputException>(() => FolderLock.Take(folder)).Message;
            Assert.StartsWith($"{folder} is in use by another process", message, StringComparison.Ordinal);
            Assert.StartsWith("the target is in use", Assert.Throws<InputException>(() => FolderLock.Take(folder, "the target")).Message,
                StringComparison.Ordinal);
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        using var second = FolderLock.Take(folder);
        Assert.False(second.TakenOver);
    }

    [Fact]
    public void The_lock_of_a_process_that_was_killed_is_taken_over()
    {
        string folder = _scratch.At("run"), file = Path.Combine(folder, FolderLock.Name);
        byte[] held;
        using (FolderLock.Take(folder))
        {
            // What the kernel leaves of a killed process: the file, and no lock on it.
            held = Content(file);
        }
        File.WriteAllBytes(file, held);
        using var next = FolderLock.Take(folder);
        Assert.True(next.TakenOver);
    }

    [Fact]
    public void Many_who_come_at_once_take_it_one_after_the_other()
    {
        string folder = _scratch.At("run");
        int inside = 0, most = 0, taken = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            for (int i = 0; i < 200; i++)
            {
                try
                {
                    using var held = FolderLock.Take(folder);
                    int now = Interlocked.Increment(ref inside);
                    InterlockedMax(ref most, now);
                    Interlocked.Increment(ref taken);
                    Interlocked.Decrement(ref inside);
                }
                catch (InputException)
                {
                    // somebody else has it
                }
            }
        });
        Assert.True(taken > 0);
        Assert.Equal(1, most);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public void A_folder_that_others_delete_whenever_it_is_empty_is_made_again()
    {
        string folder = _scratch.At("busy");
        using var ended = new CancellationTokenSource();
        Parallel.Invoke(
            () =>
            {
                while (!ended.IsCancellationRequested) EmptyFolder.Delete(folder);
            },
            () =>
            {
                try
                {
                    for (int i = 0; i < 2000; i++) FolderLock.Take(folder).Dispose();
                }
                finally
                {
                    ended.Cancel();
                }
            });
        Assert.False(File.Exists(_scratch.At("busy", FolderLock.Name)));
    }

    /// <summary>The file's bytes, past the lock that .NET's own readers respect.</summary>
    private static byte[] Content(string file)
    {
        using var cat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("cat",
            [file]) { RedirectStandardOutput = true })!;
        using var bytes = new MemoryStream();
        cat.StandardOutput.BaseStream.CopyTo(bytes);
        cat.WaitForExit();
        return bytes.ToArray();
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (int seen = most; now > seen;)
            seen = Interlocked.CompareExchange(ref most, now, seen) is var found && found == seen ? now : found;
    }
}
