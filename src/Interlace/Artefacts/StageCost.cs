using System.Text.Json.Serialization;

namespace Interlace.Artefacts;

/// <summary>How long a stage took.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seconds">Its time.</param>
/// <param name="EnergyJoules">Its energy, where the machine tells it.</param>
public sealed record StageCost(string Name, double Seconds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? EnergyJoules = null);
