using Interlace.Vlm.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Interlace.Cli;

/// <summary>
/// Whatever is drawn: characters of texts that would command the terminal become visible ones, and the colours that are our own stay.
/// </summary>
internal sealed class PrintableText : IRenderHook
{
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
        renderables.Select(renderable => new Shown(renderable));

    private sealed class Shown(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner.Render(options, maxWidth)
                .Select(segment => segment.IsControlCode || segment.IsLineBreak
                ? segment : new Segment(Printable.Lines(segment.Text), segment.Style));
    }
}
