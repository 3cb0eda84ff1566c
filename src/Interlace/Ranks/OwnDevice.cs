using System.Globalization;
using Interlace.Vlm.Engine;

namespace Interlace.Ranks;

/// <summary>Which device is a rank's own, settled before the engine looks for devices: it then sees that one alone.</summary>
internal static class OwnDevice
{
    private const string Visible = "CUDA_VISIBLE_DEVICES";

    /// <summary>Leaves the device of this rank's number on its machine, of those that all its ranks see.</summary>
    public static void Claim(Launch launch) =>
        NativeSettings.SetVariable(Visible, Of(Environment.GetEnvironmentVariable(Visible), launch.LocalRank), overwrite: true);

    /// <summary>The device, as the variable of the environment names it; none where there are fewer.</summary>
    /// <param name="visible">The variable as it was: names separated by commas, or null where all devices are seen.</param>
    /// <param name="localRank">0-based number of the rank on its machine.</param>
    internal static string Of(string? visible, int localRank) => visible is null ? localRank.ToString(CultureInfo.InvariantCulture)
        : visible.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(localRank) ?? "";
}
