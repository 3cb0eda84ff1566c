using Interlace.Jobs;

namespace Interlace.Tests;

/// <summary>Progress that is acted on at once, on the thread that reports it.</summary>
internal sealed class ImmediateProgress(Action<StageProgress> act) : IProgress<StageProgress>
{
    public void Report(StageProgress value) => act(value);
}
