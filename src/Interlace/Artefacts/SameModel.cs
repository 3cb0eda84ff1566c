using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Artefacts;

/// <summary>
/// Work that was done with a model is not gone on with when the model has become another one: its results would be those of neither.
/// </summary>
internal static class SameModel
{
    /// <summary>Compares the model that something was made with with the one at hand.</summary>
    /// <param name="then">The model that it was made with.</param>
    /// <param name="now">The model at hand.</param>
    /// <param name="made">The file that was made.</param>
    /// <exception cref="InputException">They differ.</exception>
    public static void Require(ModelIdentity then, ModelIdentity now, string made)
    {
        if (then.DifferenceFrom(now) is { } difference)
        {
            throw new InputException($"The model has changed since {made} was made: {difference}; "
                + "put the model back as it was, name another folder, or start over with --force.");
        }
    }
}
