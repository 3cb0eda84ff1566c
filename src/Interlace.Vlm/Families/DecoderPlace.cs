namespace Interlace.Vlm.Families;

/// <summary>
/// Where a family's <c>config.json</c> describes the decoder: at its root, in <c>text_config</c>, or in either, as older and newer programs
/// write it. What stands at the root beside a <c>text_config</c> is kept true, but never counts.
/// </summary>
internal enum DecoderPlace { Root, Nested, Either }
