using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Interlace.Vlm.Engine;

/// <summary>
/// What the shell allows this process (ulimit). Below these numbers the runtime and the engine end the program in the middle of their own
/// work, where nothing can be said any more. Only Linux is asked.
/// </summary>
public static partial class ProcessLimits
{
    private const int OpenFiles = 7, AddressSpace = 9;
    private const ulong NeededFiles = 256, NeededSpace = 8_000_000_000;

    /// <summary>Before anything else.</summary>
    /// <exception cref="InputException">Too few files may be open.</exception>
    public static void CheckOpenFiles() => CheckOpenFiles(Allowed(OpenFiles));

    /// <summary>Before the engine is loaded, whose libraries take gigabytes of addresses whether they are used or not.</summary>
    /// <exception cref="InputException">The address space is too small.</exception>
    public static void CheckAddressSpace() => CheckAddressSpace(Allowed(AddressSpace));

    internal static void CheckOpenFiles(ulong allowed)
    {
        if (allowed < NeededFiles)
        {
            throw new InputException($"This process may open {allowed} files, fewer than the {NeededFiles} it may need: "
                + $"allow more with ulimit -n {NeededFiles}.");
        }
    }

    internal static void CheckAddressSpace(ulong allowed)
    {
        if (allowed < NeededSpace)
        {
            throw new InputException($"This process may use {allowed / 1_000_000} MB of address space, "
                + $"less than the {NeededSpace / 1_000_000} that the engine may need: allow more with ulimit -v.");
        }
    }

    private static ulong Allowed(int resource)
    {
        if (!OperatingSystem.IsLinux() || getrlimit(resource, out var limit) != 0) return ulong.MaxValue;
        return limit.Current;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Limit
    {
        public readonly ulong Current, Most;
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int getrlimit(int resource, out Limit limit);
}
