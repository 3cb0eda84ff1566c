using Interlace.Vlm;

namespace Interlace.Ranks;

/// <summary>
/// Whether ranks are called while the caller computes. On a CPU a waiting MPI keeps a core busy, so it is done where each rank has one to
/// spare; sums on a GPU's own stream wait for its work anyway. The variable INTERLACE_OVERLAP says otherwise. Nothing that is computed
/// depends on it.
/// </summary>
internal static class Overlap
{
    /// <summary>Name of the variable: on, off, or nothing for the rule.</summary>
    public const string Variable = "INTERLACE_OVERLAP";

    /// <summary>What the rule or the variable says.</summary>
    /// <param name="variable">Its value, or null.</param>
    /// <param name="onCpu">The ranks compute on CPUs.</param>
    /// <param name="ranks">Ranks of this machine.</param>
    /// <param name="threads">Threads of the engine of each.</param>
    /// <param name="cores">Cores of this machine.</param>
    /// <exception cref="InputException">The variable has another value.</exception>
    public static bool IsWanted(string? variable, bool onCpu, int ranks, int threads, int cores) => variable switch
    {
        "on" => true,
        "off" => false,
        null or "" => onCpu && ranks * (threads + 1) <= cores,
        _ => throw new InputException($"The environment variable {Variable} is '{variable}': choose on or off."),
    };
}
