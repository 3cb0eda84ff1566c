namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>
/// Takes a character away from the two ends of a token: at most <paramref name="start"/> of it in front and <paramref name="stop"/> behind.
/// </summary>
internal sealed class StripStep(IDecodingStep next, char content, int start, int stop) : IDecodingStep
{
    private int _left, _held;   // to be taken away in front yet; the last characters, which are given back if the token goes on
    private bool _began;

    public void Add(string text, bool begins)
    {
        if (begins) (_left, _held) = (start, 0);
        int front = 0;
        while (front < text.Length && _left > 0 && text[front] == content) (front, _left) = (front + 1, _left - 1);
        if (front < text.Length) _left = 0;

        string open = new string(content, _held) + text[front..];
        _held = 0;
        while (_held < stop && _held < open.Length && open[^(_held + 1)] == content) _held++;
        next.Add(open[..^_held], begins: begins || !_began);
        _began = true;
    }

    public void End() => next.End();
}
