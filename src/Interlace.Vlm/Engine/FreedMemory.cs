using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Interlace.Vlm.Engine;

/// <summary>
/// The C library keeps what the engine has freed, in the hope of its being asked for again.
/// Between pieces of work that is handed back to the system, which costs milliseconds. Only glibc is asked, elsewhere nothing is done.
/// </summary>
public static partial class FreedMemory
{
    private static bool _unknown;

    /// <summary>Hands freed memory back.</summary>
    public static void GiveBack()
    {
        if (!OperatingSystem.IsLinux() || _unknown) return;
        try
        {
            _ = malloc_trim(0);
        }
        catch (EntryPointNotFoundException)   // another C library
        {
            _unknown = true;
        }
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int malloc_trim(nuint keep);
}
