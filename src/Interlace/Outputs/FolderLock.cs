using System.Text;
using Interlace.Vlm;

namespace Interlace.Outputs;

/// <summary>
/// One process writes to a folder. The lock is the kernel's, on a small file in the folder,
/// so that it ends with the process however that ends; what a killed process leaves is
/// taken over.
/// </summary>
public sealed class FolderLock : IDisposable
{
    /// <summary>The file's name.</summary>
    public const string Name = ".interlace-lock";

    private static readonly byte[] Held = Encoding.ASCII.GetBytes("held by a process of interlace\n");
    private static readonly byte[] Released = Encoding.ASCII.GetBytes("released\n");

    private readonly string _path;
    private readonly FileStream _file;
    private bool _disposed;

    private FolderLock(string path, FileStream file, bool takenOver)
    {
        (_path, _file, TakenOver) = (path, file, takenOver);
    }

    /// <summary>An earlier process held the lock and was killed: what lies in the folder is its work.</summary>
    public bool TakenOver { get; }

    /// <summary>Locks a folder, which is made where it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="shownAs">What is in use, for the message; the folder where absent.</param>
    /// <exception cref="InputException">Another process holds it.</exception>
    public static FolderLock Take(string folder, string? shownAs = null)
    {
        string path = Path.Combine(folder, Name);
        while (true)
        {
            try
            {
                Directory.CreateDirectory(folder);
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
                byte[] found = Read(file);
                // Opened just before its owner deleted it: the file at the path is another one by now.
                if (found.AsSpan().SequenceEqual(Released))
                {
                    file.Dispose();
                    continue;
                }
                Write(file, Held);
                return new(path, file, found.AsSpan().SequenceEqual(Held));
            }
            catch (IOException e) when (IsGone(e, folder))
            {
                // Its owner has just deleted the folder: before the file was there, or while the folder was looked for.
            }
            catch (IOException e) when (IsHeld(e))
            {
                throw new InputException($"{shownAs ?? folder} is in use by another process: "
                    + "wait until it has ended, or name another folder.", e);
            }
        }
    }

    /// <summary>Deletes the file and gives the lock back.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        try
        {
            Write(_file, Released);   // for whoever has opened it already
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk is full or gone: the kernel gives the lock back all the same, and the next process takes it over.
        }
        _file.Dispose();
    }

    private static byte[] Read(FileStream file)
    {
        byte[] found = new byte[Math.Min(file.Length, Held.Length)];
        file.ReadExactly(found);
        return found;
    }

    private static void Write(FileStream file, byte[] content)
    {
        file.SetLength(0);
        file.Position = 0;
        file.Write(content);
        file.Flush();
    }

    // EEXIST: a folder stood there when it was to be made, and did not a moment later. A file would stand there still.
    private static bool IsGone(IOException e, string folder) =>
        e is DirectoryNotFoundException || (e.HResult is 17 or unchecked((int)0x800700B7) && !File.Exists(folder));

    // EWOULDBLOCK of Linux and macOS, sharing and lock violations of Windows.
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);
}
