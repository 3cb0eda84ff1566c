using System.Runtime.InteropServices;

namespace Interlace.Vlm.Engine;

/// <summary>
/// What the engine's own libraries read from the environment when they are loaded. It has to stand there before, and
/// <see cref="Environment.SetEnvironmentVariable(string, string)"/> is not seen by them. Only Linux is told.
/// </summary>
public static partial class NativeSettings
{
    /// <summary>
    /// How often a thread of the engine looks again, before it goes to sleep, whether the others have come to the end of their share. The
    /// library's own 300,000 are milliseconds in which a waiting thread takes the core from the one it waits for, wherever other programs
    /// work on the same cores: tuning then took up to four times as long.
    /// </summary>
    private const string Looks = "1000";

    /// <summary>Before the engine is loaded; what a user has set stays.</summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is not null) return;
        _ = setenv("GOMP_SPINCOUNT", Looks, 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
