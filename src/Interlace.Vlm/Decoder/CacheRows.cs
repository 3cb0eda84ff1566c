using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>A cache, and the rows in it of the N tokens of a pass (slot * capacity + place of the token), int64.</summary>
public sealed record CacheRows(KvCache Cache, Tensor Rows);
