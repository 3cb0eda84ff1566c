namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// A token and the characters of its piece that it stands for. Several tokens stand for the same character where each is some of its bytes.
/// </summary>
internal readonly record struct Token(int Id, int Start, int End);
