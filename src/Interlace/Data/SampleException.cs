using Interlace.Vlm;

namespace Interlace.Data;

/// <summary>One sample cannot be used: it is counted under <see cref="Reason"/> and left out, the run goes on.</summary>
/// <param name="reason">A short name to count under, one of <see cref="SkipReason"/> where one fits.</param>
public sealed class SampleException(string reason,
    Exception? inner = null) : InputException(inner?.Message ?? $"The sample cannot be used: {reason}.", inner)
{
    /// <summary>The name under which the sample is counted.</summary>
    public string Reason { get; } = reason;
}
