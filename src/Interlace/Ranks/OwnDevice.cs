using System.Globalization;
using System.Runtime.InteropServices;

namespace Interlace.Ranks;

/// <summary>Which device is a rank's own, settled before the engine looks for devices: it then sees that one alone.</summary>
internal static partial class OwnDevice
{
    private const string Visible = "CUDA_VISIBLE_DEVICES";

    /// <summary>Leaves the device of this rank's number on its machine, of those that all its ranks see.</summary>
    public static void Claim(Launch launch)
    {
        if (!OperatingSystem.IsLinux()) return;
        _ = setenv(Visible, Of(Environment.GetEnvironmentVariable(Visible), launch.LocalRank), 1);
    }

    /// <summary>The device, as the variable of the environment names it; none where there are fewer.</summary>
    /// <param name="visible">The variable as it was: names separated by commas, or null where all devices are seen.</param>
    /// <param name="localRank">0-based number of the rank on its machine.</param>
    internal static string Of(string? visible, int localRank) => visible is null ? localRank.ToString(CultureInfo.InvariantCulture)
        : visible.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(localRank) ?? "";

    // The runtime's own copy of the environment is not seen by libraries.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
