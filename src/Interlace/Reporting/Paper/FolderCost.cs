using Interlace.Artefacts;

namespace Interlace.Reporting.Paper;

/// <summary>What one folder cost.</summary>
/// <param name="Source">The folder, as the report names it.</param>
/// <param name="Stages">Its stages.</param>
/// <param name="EnergyJoules">Energy, where the machine tells it.</param>
/// <param name="Samples">Samples tuned on.</param>
/// <param name="Memory">Highest memory use in bytes.</param>
internal sealed record FolderCost(string Source, IReadOnlyList<StageCost> Stages, double? EnergyJoules, long? Samples, long? Memory);
