using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Interlace.Vlm.Engine;

/// <summary>
/// What the libraries under the engine are told before it is loaded. Both are about time alone, and nothing is said where a user has said
/// something in the environment. Only Linux, with glibc and GNU's OpenMP, is told.
/// </summary>
public static partial class NativeSettings
{
    /// <summary>
    /// How often a thread of the engine looks again, before it goes to sleep, whether the others have come to the end of their share. The
    /// library's own 300,000 are milliseconds in which a waiting thread takes the core from the one it waits for, wherever other programs
    /// work on the same cores: tuning then took up to four times as long.
    /// </summary>
    private const string Looks = "1000";

    private const int TrimThreshold = -1, MostMappings = -4;   // names of mallopt's settings

    /// <summary>Before the engine is loaded.</summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsLinux()) return;
        // The runtime's own copy of the environment is not seen by libraries.
        if (!IsSet("OMP_WAIT_POLICY")) _ = setenv("GOMP_SPINCOUNT", Looks, 0);
        try
        {
            KeepMemory();
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library.
        }
    }

    /// <summary>
    /// Every large result of the engine would be a mapping of its own, given back to the system when it is freed, and its pages would be
    /// found and cleared anew for the next one: a quarter of the time of tuning. Freed memory stays with the process instead,
    /// until <see cref="FreedMemory.GiveBack"/>.
    /// </summary>
    [SupportedOSPlatform("linux")]
    private static void KeepMemory()
    {
        if (!IsSet("MALLOC_MMAP_MAX_") && !IsSet("MALLOC_MMAP_THRESHOLD_")) _ = mallopt(MostMappings, 0);
        if (!IsSet("MALLOC_TRIM_THRESHOLD_")) _ = mallopt(TrimThreshold, int.MaxValue);
    }

    /// <summary>
    /// Sets a variable of the environment for the libraries of this process, which do not see the runtime's own copy of it. Linux alone.
    /// </summary>
    /// <param name="name">The variable.</param>
    /// <param name="value">Its value.</param>
    /// <param name="overwrite">In place of what a user has set.</param>
    public static void SetVariable(string name, string value, bool overwrite)
    {
        if (OperatingSystem.IsLinux()) _ = setenv(name, value, overwrite ? 1 : 0);
    }

    /// <summary>
    /// Lets the process end without the destructors of the libraries that it has loaded by now. For a program at its end, when everything
    /// is written: what C libraries have not yet written to their standard output is lost.
    /// </summary>
    public static void SkipDestructors()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            // Of the functions that run at the end the last one registered is the first; it gets the exit code, and ends the process.
            _ = on_exit(NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "_exit"), 0);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library.
        }
    }

    private static bool IsSet(string name) => Environment.GetEnvironmentVariable(name) is not null;

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int mallopt(int setting, int value);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "on_exit")]
    private static partial int on_exit(nint function, nint argument);
}
