namespace Interlace.Jobs;

/// <summary>Turns bytes as they are written or come into the progress of a stage, in megabytes. Several threads may report.</summary>
/// <param name="stage">Name of the stage.</param>
/// <param name="totalBytes">What there is to do.</param>
/// <param name="progress">Who is told.</param>
public sealed class ByteProgress(string stage, long totalBytes, IProgress<StageProgress> progress) : IProgress<long>
{
    private const long Megabyte = 1_000_000;
    private long _done;

    /// <inheritdoc/>
    public void Report(long value) =>
        progress.Report(new(stage, Interlocked.Add(ref _done, value) / Megabyte, totalBytes / Megabyte, "MB"));
}
