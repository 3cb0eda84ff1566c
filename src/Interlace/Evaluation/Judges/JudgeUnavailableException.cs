using System.Buffers.Binary;

namespace Interlace.Evaluation.Judges;

/// <summary>The judge did not pass its trial; nothing can be judged.</summary>
public sealed class JudgeUnavailableException(string reason) : Exception(reason);
