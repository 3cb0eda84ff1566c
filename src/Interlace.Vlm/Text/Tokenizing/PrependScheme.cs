namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>Which pieces a Metaspace puts its sign before: none, that at the very beginning of the text, or all.</summary>
internal enum PrependScheme { Never, First, Always }
