using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Server;

/// <summary>The text of an answer as its tokens come: whole characters only, and nothing from a stop text on.</summary>
internal sealed class AnswerText(Processor processor, IReadOnlyList<string> stops)
{
    private readonly StreamingDecoder _decoder = new(processor.Tokenizer);
    private readonly StopTexts _stops = new(stops);
    private bool _hasBegun;

    /// <summary>A stop text has come: there is nothing more to wait for.</summary>
    public bool IsStopped => _stops.IsStopped;

    /// <summary>A further token; gives the text that can be shown by now.</summary>
    public string Add(int id) => _stops.Add(WithoutTemplatesSpace(_decoder.Append(id)));

    /// <summary>What is left when no further token comes.</summary>
    public string End() => IsStopped ? "" : _stops.Add(WithoutTemplatesSpace(_decoder.Flush())) + _stops.End();

    private string WithoutTemplatesSpace(string piece)
    {
        if (_hasBegun || piece.Length == 0) return piece;
        _hasBegun = true;
        return processor.AnswersBeginWithSpace && piece.StartsWith(' ') ? piece[1..] : piece;
    }
}
