using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Interlace.Cli;

/// <summary>
/// Weights are used where they lie in a mapped file. Reading behind the end of one that somebody cuts short raises a signal (SIGBUS),
/// which no code can survive, because the bytes are gone:
/// the process ends, as after a kill, but with a sentence and the code of wrong input.
/// </summary>
internal static unsafe partial class MappedFileCutShort
{
    private const int BusError = 7, StandardError = 2;   // Linux

    /// <summary>Has the sentence said from now on. Does nothing on other systems than Linux.</summary>
    public static void SayIt()
    {
        if (!OperatingSystem.IsLinux()) return;
        Say([]);   // compiled now: there is no time for it in the signal
        _ = signal(BusError, &End);
    }

    [SupportedOSPlatform("linux"), UnmanagedCallersOnly]
    private static void End(int signal)
    {
        Say("A file of the model or of its data became shorter while it was used: put the file back and repeat the command.\n"u8);
        _exit(ExitCode.WrongInput);
    }

    [SupportedOSPlatform("linux")]
    private static void Say(ReadOnlySpan<byte> sentence)
    {
        fixed (byte* bytes = sentence) _ = write(StandardError, bytes, sentence.Length);
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc")]
    private static partial nint signal(int number, delegate* unmanaged<int, void> handler);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc")]
    private static partial nint write(int file, byte* bytes, nint count);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc")]
    private static partial void _exit(int code);
}
