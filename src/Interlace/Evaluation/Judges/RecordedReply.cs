namespace Interlace.Evaluation.Judges;

/// <summary>One line of a <see cref="RepliesFile"/>.</summary>
internal sealed record RecordedReply(string Model, string Sha256, int Attempt, double Temperature, string Reply);
