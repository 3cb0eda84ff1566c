namespace Interlace.Data;

/// <summary>How the texts and images of a sample become the chat that a model is shown.</summary>
public enum ConversationForm
{
    /// <summary>
    /// All messages. Images stand where the source has them, texts are as they are but for the <c>&lt;image&gt;</c> in them.
    /// </summary>
    Paper,

    /// <summary>
    /// As the authors' training shows it: user texts are split at <c>&lt;image&gt;</c>, each part is stripped at both ends and an empty one
    /// vanishes; every role but the user's is the assistant's, and its texts stay as they are.
    /// </summary>
    AuthorsTraining,

    /// <summary>
    /// As the authors' calibration shows it: the first message alone, whatever its role, as the user's: all images of the row, then the
    /// text, from which <c>&lt;image&gt;</c> with a line feed behind it is taken out where the row has images. The header of the answer to
    /// come follows.
    /// </summary>
    AuthorsCalibration,
}
