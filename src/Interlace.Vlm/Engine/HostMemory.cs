using System.Globalization;

namespace Interlace.Vlm.Engine;

/// <summary>The memory that this process may use, in bytes.</summary>
public static class HostMemory
{
    /// <summary>All of it, and what is free or can be freed at once; limits of a container count.</summary>
    public static (long Total, long Available) Read()
    {
        var info = GC.GetGCMemoryInfo();
        long total = info.TotalAvailableMemoryBytes;
        long available = Math.Max(0, total - info.MemoryLoadBytes);
        if (FromSystem() is { } free) available = Math.Min(total, free);
        if (FromContainer() is { } left) available = Math.Min(available, left);
        return (total, available);
    }

    private static long? FromSystem()
    {
        const string path = "/proc/meminfo";
        if (!File.Exists(path)) return null;
        foreach (string line in File.ReadLines(path))
            if (line.StartsWith("MemAvailable:", StringComparison.Ordinal)
                && long.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], out long kilobytes))
                return kilobytes * 1024;
        return null;
    }

    private static long? FromContainer() =>
        Number("/sys/fs/cgroup/memory.max") is { } limit && Number("/sys/fs/cgroup/memory.current") is { } used
            ? Math.Max(0, limit - used)
            : null;

    private static long? Number(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : null;
}
