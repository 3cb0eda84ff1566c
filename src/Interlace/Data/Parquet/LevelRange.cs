namespace Interlace.Data.Parquet;

/// <summary>Level slots of a column: <paramref name="Count"/> of them from the 0-based <paramref name="First"/>.
/// A list takes one slot per element, an empty or null one takes one.</summary>
internal readonly record struct LevelRange(long First, int Count)
{
    public long End => First + Count;
}
