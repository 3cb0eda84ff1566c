using Interlace.Vlm;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Text;

public sealed class MessagesFileTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Paths_of_images_are_relative_to_the_file()
    {
        var messages = MessagesFile.Load(Write("""{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "image", "image": "images/cup.png"}, {"type": "text", "text": "What?"}]}]}"""));
        Assert.Equal(["system", "user"], messages.Select(message => message.Role));
        Assert.Equal([new TextPart("Be brief.")], messages[0].Content);
        Assert.Equal([new ImagePart(Path.Combine(_scratch.Path, "images/cup.png")), new TextPart("What?")], messages[1].Content);
    }

    [Theory]
    [InlineData("{", "valid JSON")]
    [InlineData("{}", "'messages'")]
    [InlineData("[]", "no message")]
    [InlineData("""[3]""", "message 1 has no role")]
    [InlineData("""[{"role": "user"}]""", "message 1 has no content")]
    [InlineData("""[{"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "sound"}]}]""", "message 2, part 1 is of type 'sound'")]
    [InlineData("""[{"role": "user", "content": [{"type": "image"}]}]""", "part 1 is of type image and names none")]
    [InlineData("""[{"role": "user", "content": [{"type": "text", "text": 3}]}]""", "part 1 is of type text and has none")]
    public void What_is_no_conversation_is_refused_with_its_place(string json, string part) =>
        Assert.Contains(part, Assert.Throws<InputException>(() => MessagesFile.Load(Write(json))).Message, StringComparison.Ordinal);

    [Fact]
    public void An_absent_file_is_refused() => Assert.Contains("none.json", Assert.Throws<InputException>(() => MessagesFile.Load(_scratch.At("none.json"))).Message, StringComparison.Ordinal);

    private string Write(string json)
    {
        string path = _scratch.At("messages.json");
        File.WriteAllText(path, json);
        return path;
    }
}
