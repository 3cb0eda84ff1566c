using System.Text;
using Interlace.Vlm;

namespace Interlace.Cli;

/// <summary>
/// One of the process's two streams of text, either of which may be closed or lie on a full disk.
/// Results that cannot be written are the user's to know; where what a person should read cannot be written, there is nobody to tell.
/// </summary>
/// <param name="stream">The console's writer.</param>
/// <param name="failure">What is wrong where it cannot be written; null to go on without it.</param>
internal sealed class ConsoleText(TextWriter stream, string? failure) : TextWriter
{
    public override Encoding Encoding => stream.Encoding;

    public override void Write(char value) => Try(() => stream.Write(value));

    public override void Write(string? value) => Try(() => stream.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => stream.Write(buffer, index, count));

    public override void WriteLine(string? value) => Try(() => stream.WriteLine(value));

    public override void Flush() => Try(stream.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            if (failure is not null) throw new InputException($"{failure}: {e.Message.TrimEnd('.')}.", e);
        }
    }
}
