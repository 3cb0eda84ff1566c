namespace Interlace.Vlm.Blocks;

/// <summary>
/// Where a model's parameters come from: called once per parameter, with the name it has in the checkpoint and its shape.
/// </summary>
public delegate Parameter ParameterSource(string name, params long[] shape);
