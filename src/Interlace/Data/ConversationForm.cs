using Interlace.Experiments;

namespace Interlace.Data;

/// <summary>How the texts and images of a sample become the chat that a model is shown.</summary>
/// <param name="FirstMessage">
/// The first message alone, whatever its role, as the user's: all images of the row, then the text, from which <c>&lt;image&gt;</c> with a
/// line feed behind it is taken out where the row has images. The header of the answer to come follows.
/// </param>
/// <param name="Stripped">
/// User texts are split at <c>&lt;image&gt;</c>, each part is stripped at both ends and an empty one vanishes.
/// Otherwise texts are as they are but for the <c>&lt;image&gt;</c> in them.
/// </param>
/// <param name="TwoRoles">Every role but the user's is the assistant's.</param>
public sealed record ConversationForm(bool FirstMessage = false, bool Stripped = false, bool TwoRoles = false)
{
    /// <summary>All messages, images where the source has them, texts and roles as they are.</summary>
    public static ConversationForm Paper { get; } = new();

    /// <summary>As the authors' training shows a sample.</summary>
    public static ConversationForm AuthorsTraining { get; } = new(Stripped: true, TwoRoles: true);

    /// <summary>As the authors' calibration shows it.</summary>
    public static ConversationForm AuthorsCalibration { get; } = new(FirstMessage: true);

    /// <summary>What a calibration shows.</summary>
    public static ConversationForm Of(CalibrationOptions options) => new(FirstMessage: options.Messages == "first");

    /// <summary>What a tuning shows.</summary>
    public static ConversationForm Of(FineTuneOptions options) => new(Stripped: options.StripTexts, TwoRoles: options.Roles == "two");
}
