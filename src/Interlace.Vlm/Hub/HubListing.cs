namespace Interlace.Vlm.Hub;

/// <summary>The files of a repository at a commit.</summary>
/// <param name="Repository">The repository, as it was named.</param>
/// <param name="Commit">The commit that its revision stands for.</param>
/// <param name="Files">All files, in ordinal order of their paths.</param>
public sealed record HubListing(HubRepository Repository, string Commit, IReadOnlyList<HubFile> Files);
