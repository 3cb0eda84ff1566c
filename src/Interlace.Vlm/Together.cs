using System.Runtime.ExceptionServices;

namespace Interlace.Vlm;

/// <summary>Work that several threads do at once.</summary>
public static class Together
{
    /// <summary>Runs parallel work; what one of its parts throws comes out as if it had been alone.</summary>
    public static void Run(Action work)
    {
        try
        {
            work();
        }
        catch (AggregateException e) when (e.Flatten().InnerExceptions is var all)
        {
            ExceptionDispatchInfo.Throw(all.FirstOrDefault(one => one is not OperationCanceledException) ?? all[0]);
        }
    }
}
