namespace Interlace.Jobs;

/// <summary>How far a long stage has come.</summary>
/// <param name="Stage">Name of the stage, as in the commands.</param>
/// <param name="Done">What is done, in units.</param>
/// <param name="Total">What there is to do; 0 where that is not known yet.</param>
/// <param name="Unit">The unit in the plural: samples, steps, answers.</param>
/// <param name="Note">One short remark, such as the current loss.</param>
/// <param name="Part">The part of the stage at work, where it has several.</param>
public readonly record struct StageProgress(string Stage, long Done, long Total, string Unit, string? Note = null, StagePart? Part = null);
