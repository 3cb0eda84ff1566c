using System.Globalization;
using Interlace.Vlm;

namespace Interlace.Ranks;

/// <summary>
/// How this process was started among others, as Open MPI's <c>mpirun</c> and Slurm's <c>srun</c> say it in the environment.
/// </summary>
/// <param name="Rank">Its number, from 0.</param>
/// <param name="Count">Processes of the job.</param>
/// <param name="LocalRank">Its number among those on this machine, from 0.</param>
/// <param name="LocalCount">Processes on this machine.</param>
public sealed record Launch(int Rank, int Count, int LocalRank, int LocalCount)
{
    /// <summary>A process that was started alone.</summary>
    public static Launch Alone { get; } = new(0, 1, 0, 1);

    /// <summary>Whether a launcher started this process, as one of several or alone.</summary>
    /// <param name="variable">Gives a variable of the environment, or null.</param>
    public static bool IsOneOfSeveral(Func<string, string?> variable) => RankNames.Any(name => !string.IsNullOrEmpty(variable(name)));

    private static readonly string[] RankNames = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK"];

    /// <summary>What the environment says.</summary>
    /// <param name="variable">Gives a variable of the environment, or null.</param>
    /// <exception cref="InputException">It contradicts itself.</exception>
    public static Launch Of(Func<string, string?> variable)
    {
        int? Number(params string[] names)
        {
            foreach (string name in names)
            {
                if (variable(name) is not { Length: > 0 } text) continue;
                return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
                    : throw new InputException($"The environment variable {name} is '{text}', expected a whole number: "
                        + "start the ranks with mpirun or srun.");
            }
            return null;
        }
        if (Number(RankNames) is not { } rank) return Alone;
        int count = Number("OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS") ?? 1;
        int localRank = Number("LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID") ?? 0;
        int localCount = Number("OMPI_COMM_WORLD_LOCAL_SIZE") ?? OnThisMachine(variable("SLURM_STEP_TASKS_PER_NODE"),
            Number("SLURM_NODEID") ?? 0) ?? count;
        if (rank >= count || localRank >= count || localCount > count)
        {
            throw new InputException($"The environment says that this is rank {rank} of {count}, and number {localRank} of "
                + $"{localCount} on this machine: start the ranks with mpirun or srun.");
        }
        return new(rank, count, localRank, Math.Max(localCount, localRank + 1));
    }

    /// <summary>Slurm's list of tasks per machine, such as <c>4(x2),3</c>.</summary>
    private static int? OnThisMachine(string? list, int machine)
    {
        int first = 0;
        foreach (string entry in (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = entry.TrimEnd(')').Split("(x");
            if (!int.TryParse(parts[0], out int tasks) || parts.Length > 2) return null;
            int machines = 1;
            if (parts.Length == 2 && !int.TryParse(parts[1], out machines)) return null;
            if (machine < first + machines) return tasks;
            first += machines;
        }
        return null;
    }
}
