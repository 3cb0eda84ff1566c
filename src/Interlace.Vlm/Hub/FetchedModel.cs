namespace Interlace.Vlm.Hub;

/// <summary>A model that lies in the cache.</summary>
/// <param name="Repository">As it was named.</param>
/// <param name="Commit">The commit that it is of.</param>
/// <param name="Folder">The model folder.</param>
/// <param name="Files">Number of its files.</param>
/// <param name="Bytes">Bytes of all of them.</param>
/// <param name="FetchedBytes">Bytes that were still to come.</param>
public sealed record FetchedModel(HubRepository Repository, string Commit, string Folder, int Files, long Bytes, long FetchedBytes);
