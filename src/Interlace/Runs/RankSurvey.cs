using System.Diagnostics;
using System.Text;
using Interlace.Jobs;
using Interlace.Ranks;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Runs;

/// <summary>What the ranks of a job are, and how fast numbers go among them.</summary>
/// <param name="Ranks">Each rank with its machine, device and threads, in order.</param>
/// <param name="BytesPerSecond">Bytes of a tensor that are summed over all ranks in a second: the fastest of a few sums.</param>
public sealed record RankSurvey(IReadOnlyList<string> Ranks, double BytesPerSecond)
{
    /// <summary>Name of the task.</summary>
    internal const string Task = "survey";

    private const int Numbers = 1 << 24, Sums = 4;

    /// <summary>Asks all ranks.</summary>
    public static RankSurvey Of(Job job)
    {
        job.Call(Task, "", []);
        var survey = Take(job);
        job.Ranks.Complete();
        return survey;
    }

    /// <summary>A member's part.</summary>
    internal static void Join(Job job) => Take(job);

    private static RankSurvey Take(Job job)
    {
        string self = $"{job.Ranks.Name}: {job.Compute.Device} in {job.Compute.TypeName} with {job.Compute.Threads} "
            + (job.Compute.Threads == 1 ? "thread" : "threads");
        string[] all = [.. job.Ranks.Collective.Gather(Encoding.UTF8.GetBytes(self)).Select(Encoding.UTF8.GetString)];
        using Tensor numbers = zeros([Numbers], ScalarType.Float32, job.Compute.Device);
        double best = double.PositiveInfinity;
        for (int i = 0; i < Sums; i++)
        {
            job.Ranks.Collective.Barrier();
            long begun = Stopwatch.GetTimestamp();
            job.Ranks.Collective.Sum(numbers);
            if (numbers.device.type == DeviceType.CUDA) cuda.synchronize();
            best = Math.Min(best, Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }
        return new(all, Numbers * sizeof(float) / best);
    }
}
