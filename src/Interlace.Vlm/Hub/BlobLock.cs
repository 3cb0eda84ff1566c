namespace Interlace.Vlm.Hub;

/// <summary>
/// One process at a time fetches a content. The lock is the kernel's <c>flock</c> on the file that Hugging Face's client locks too, so that
/// neither writes while the other does.
/// </summary>
internal sealed class BlobLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200), BeforeSaying = TimeSpan.FromSeconds(5);

    private readonly FileStream _file;

    private BlobLock(FileStream file) => _file = file;

    /// <summary>Waits until the lock is free, and takes it.</summary>
    /// <param name="path">The lock's file, which stays.</param>
    /// <param name="waits">Told once where that takes longer than some seconds.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<BlobLock> Take(string path, Action? waits, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            try
            {
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
                if (File.Exists(path)) return new(file);
                file.Dispose();   // its holder has deleted it: whoever comes next locks another file
            }
            catch (IOException e) when (IsHeld(e))
            {
                if (waited == BeforeSaying) waits?.Invoke();
                await Task.Delay(Pause, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // EWOULDBLOCK of Linux and macOS, sharing and lock violations of Windows.
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);
}
