using Interlace.Data.Sampled;

namespace Interlace.Samples;

/// <summary>A sample that was taken.</summary>
/// <param name="Folder">Where it lies.</param>
/// <param name="File">Its record.</param>
/// <param name="BytesFetched">Bytes that came over the network for it in this attempt.</param>
public sealed record SampleResult(string Folder, SampleFile File, long BytesFetched);
