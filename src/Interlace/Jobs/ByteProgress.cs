namespace Interlace.Jobs;

/// <summary>Turns bytes as they are written into the progress of a stage, in megabytes.</summary>
internal sealed class ByteProgress(string stage, long totalBytes, IProgress<StageProgress> progress) : IProgress<long>
{
    private const long Megabyte = 1_000_000;
    private long _done;

    public void Report(long value) => progress.Report(new(stage, (_done += value) / Megabyte, totalBytes / Megabyte, "MB"));
}
