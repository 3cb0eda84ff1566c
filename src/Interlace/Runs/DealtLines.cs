using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Jobs;
using Interlace.Ranks;

namespace Interlace.Runs;

/// <summary>
/// Lines of a matrix on groups of ranks: a group that is free takes the next folder of lines, whose leader writes it as one process would.
/// </summary>
internal static class DealtLines
{
    /// <summary>Name of the task.</summary>
    public const string Task = "lines";

    private const int Said = -1;   // the number of the piece that is a line for the log

    /// <summary>The leader's part.</summary>
    /// <param name="matrix">The matrix, of which everything is done that its lines share.</param>
    /// <param name="job">The work.</param>
    /// <param name="folder">The folder of the matrix.</param>
    /// <param name="ranksPerLine">Ranks of a group; the last one may have fewer.</param>
    public static void Lead(Matrix matrix, Job job, string folder, int ranksPerLine)
    {
        job.Call(Task, "", new()
        {
            ["folder"] = Path.GetFullPath(folder), ["ranks_per_line"] = ranksPerLine, ["discard_models"] = matrix.DiscardModels,
        });
        Share(job, folder, ranksPerLine, matrix.DiscardModels, job.Say);
        job.Ranks.Complete();
    }

    /// <summary>A member's part, as the leader of a group or as one of its members.</summary>
    public static void Join(Job job, JsonObject content) =>
        Share(job, (string)content["folder"]!, (int)content["ranks_per_line"]!, (bool)content["discard_models"]!, _ => { });

    private static void Share(Job job, string folder, int ranksPerLine, bool discardModels, Action<string> say)
    {
        var group = job.Ranks.Split(job.Ranks.Rank / ranksPerLine);
        var leaders = job.Ranks.Split(job.Ranks.Rank % ranksPerLine == 0 ? 0 : 1);
        if (!group.Leads)
        {
            Membership.Serve(group, job.Compute.Threads);
            return;
        }
        var said = new ConcurrentQueue<string>();
        var own = new Matrix(job with { Ranks = group, Log = said.Enqueue, Progress = null }, folder) { DiscardModels = discardModels };
        IEnumerable<(int Piece, byte[] Result)> Work(IEnumerable<int> pieces)
        {
            foreach (int done in own.Finish(pieces))
            {
                while (said.TryDequeue(out string? line)) yield return (Said, Encoding.UTF8.GetBytes($"{group.Name}: {line}"));
                yield return (done, []);
            }
        }
        if (leaders.Leads)
        {
            int folders = own.FolderCount, finished = 0;
            foreach (var (piece, result) in Dealing.Lead(leaders, piece => piece < folders, Work, job.Cancellation))
            {
                if (piece == Said) say(Encoding.UTF8.GetString(result));
                else say($"{++finished} of {folders} folders of lines are done.");
            }
        }
        else Dealing.Join(leaders, Work);
        group.Dismiss();
    }
}
