using System.Buffers.Binary;

namespace Interlace.Evaluation.Judges;

/// <summary>A model that reads or grades answers (evaluation rule 9).</summary>
public interface IJudge
{
    /// <summary>The model's name, which scores carry.</summary>
    string Model { get; }

    /// <summary>Asks once. What goes wrong on the way is part of the reply; only cancellation is thrown.</summary>
    Task<JudgeReply> Ask(JudgeRequest request, CancellationToken cancellation);
}
