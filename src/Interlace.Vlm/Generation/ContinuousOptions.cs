namespace Interlace.Vlm.Generation;

/// <summary>How a <see cref="ContinuousGenerator"/> shares its models among those who ask.</summary>
/// <param name="Slots">Conversations of a model in flight at once.</param>
/// <param name="PrefillTokens">At most this many prompt tokens are read in one pass (a longer prompt stands alone).</param>
/// <param name="MostWaiting">Conversations that may wait for a place at each model; further ones are turned away.</param>
public sealed record ContinuousOptions(int Slots = 16, int PrefillTokens = 8192, int MostWaiting = 64);
