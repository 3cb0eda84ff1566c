using System.Text.Json.Serialization.Metadata;

namespace Interlace.Experiments;

/// <summary>
/// Marks an option that came after the first release. Artefacts leave it out where it has its default,
/// so that those of earlier releases keep their bytes and their hashes; the record of an experiment shows it always.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LaterOptionAttribute : Attribute
{
    /// <summary>Makes a serialiser leave such options out where they have their default.</summary>
    internal static void LeaveOutDefaults(JsonTypeInfo type)
    {
        foreach (var member in type.Properties)
            if (member.AttributeProvider?.IsDefined(typeof(LaterOptionAttribute), inherit: false) == true)
            {
                object? usual = member.AssociatedParameter!.DefaultValue;
                member.ShouldSerialize = (_, value) => !Equals(value, usual);
            }
    }
}
