namespace Interlace.Jobs;

/// <summary>How far a part of a stage has come, in the units of the stage.</summary>
/// <param name="Name">The part, such as a benchmark.</param>
/// <param name="Done">What is done of it; in its first report, what an earlier run had done.</param>
/// <param name="Total">What there is to do in it.</param>
public readonly record struct StagePart(string Name, long Done, long Total);
