namespace Interlace.Vlm.Generation;

/// <summary>One answer.</summary>
/// <param name="Index">0-based place of its prompt.</param>
/// <param name="Ids">Generated token ids; the stop token, where one was generated, is the last.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Prefill">
/// Its share of the pass that read its prompt and chose its first token, vision tower included: the pass's time by prompt tokens.
/// </param>
/// <param name="Decoding">
/// Its share of the steps that it took part in: each step's time by conversations in flight. Over all answers the two add
/// up to the time that the model was at work.
/// </param>
public sealed record Generated(int Index, int[] Ids, FinishReason Reason, TimeSpan Prefill, TimeSpan Decoding);
