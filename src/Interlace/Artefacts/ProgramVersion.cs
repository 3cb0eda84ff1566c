using System.Reflection;

namespace Interlace.Artefacts;

/// <summary>Which program wrote an artefact.</summary>
public static class ProgramVersion
{
    /// <summary>Name and version, as in the <c>created_by</c> of artefacts.</summary>
    public static string CreatedBy { get; } = "interlace " + typeof(ProgramVersion)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
