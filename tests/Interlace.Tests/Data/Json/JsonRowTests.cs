using System.Text;
using Interlace.Data;
using Interlace.Data.Json;

namespace Interlace.Tests.Data.Json;

public class JsonRowTests
{
    [Theory]
    [InlineData("""{"image":"a.png","conversations":[{"from":"human","value":"<image>\nq"},{"from":"gpt","value":"a"}]}""",
        "user: <image>\\nq|assistant: a", "a.png")]
    [InlineData("""{"id":7,"images":["a","b"],"conversations":[{"from":"system","value":"s"},{"from":"user","value":"<image> <image>"}]}""",
        "system: s|user: <image> <image>", "a b")]
    [InlineData("""{"image":null,"conversations":[{"from":"human","value":null},{"from":"observation","value":"o"}]}""",
        "user: null|observation: o", "")]
    [InlineData("""{"conversations":[]}""", "", "")]
    public void A_row_of_llava_names_speakers_and_images(string json, string turns, string images) =>
        Same(json, DataFormat.Conversations, turns, images);

    [Theory]
    [InlineData("""{"messages":[{"role":"developer","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":null}]}""",
        "system: s|user: q|assistant: null", "")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"a.png"}},{"type":"text","text":"q<image>"},{"type":"image","image":"b.png"}]}]}""",
        "user: <image>\\nq<image>\\n", "a.png b.png")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image"},{"type":"text","text":"\nq"}]}],"images":["a.png"]}""",
        "user: <image>\\n\\nq", "a.png")]
    [InlineData("""{"messages":[{"role":"user","content":"<image>q"}],"images":["a.png"]}""", "user: <image>q", "a.png")]
    public void A_row_of_messages_has_texts_or_parts(string json, string turns, string images) =>
        Same(json, DataFormat.Messages, turns, images);

    [Theory]
    [InlineData("""{"text":"a","from":"b"}""", "text: a")]
    [InlineData("""{"text":null}""", "text: null")]
    public void A_row_of_text_is_the_text(string json, string turns)
    {
        Same(json, DataFormat.Text, turns, "");
        var row = Parse(json, DataFormat.Auto);
        Assert.True(row.IsText && row.Facts is { IsText: true, HasAnswer: true, Turns: 1, Images: 0 });
        Assert.Same(row, row.Truncated(1));
        Assert.False(Parse("""{"text":"a","messages":[]}""", DataFormat.Auto).IsText);
    }

    [Theory]
    [InlineData("{", "is no JSON")]
    [InlineData("[1]", "is no JSON object")]
    [InlineData("null", "is no JSON object")]
    [InlineData("""{"messages":{}}""", "neither a list 'conversations' nor a list 'messages'")]
    [InlineData("""{"text":[]}""", "in the place of a text")]
    [InlineData("""{"conversations":[7]}""", "message without 'from' and 'value'")]
    [InlineData("""{"conversations":[{"from":"human"}]}""", "message without 'from' and 'value'")]
    [InlineData("""{"conversations":[{"value":"q"}]}""", "message without a role")]
    [InlineData("""{"conversations":[{"from":"human","value":7}]}""", "in the place of a text")]
    [InlineData("""{"image":7,"conversations":[]}""", "in the place of a text")]
    [InlineData("""{"image":[null],"conversations":[]}""", "an image that is null")]
    [InlineData("""{"conversations":[],"conversations":[]}""", "stands in it twice")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "message without 'role' and 'content'")]
    [InlineData("""{"messages":[{"role":"user","content":[7]}]}""", "no object")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"video","video":"x"}]}]}""", "neither text nor image")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", "image without an address")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image","image":"a"}]}],"images":["b"]}""", "beside them")]
    public void A_row_of_another_form_says_what_is_wrong(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => Parse(json, DataFormat.Auto)).Message);

    [Theory]
    [InlineData("""{"messages":[]}""", DataFormat.Conversations)]
    [InlineData("""{"conversations":[]}""", DataFormat.Messages)]
    [InlineData("""{"text":"a"}""", DataFormat.Messages)]
    public void A_row_of_the_other_format_is_none_where_the_format_is_given(string json, DataFormat format) =>
        Assert.Contains("has no list", Assert.Throws<FormatException>(() => Parse(json, format)).Message);

    [Fact]
    public void Truncating_keeps_the_first_turns_and_the_images_whose_places_stay()
    {
        var row = Parse("""
            {"images":["a","b","c"],"conversations":[{"from":"system","value":"s"},{"from":"human","value":"<image>1"},
            {"from":"gpt","value":"x"},{"from":"human","value":"<image>2"},{"from":"gpt","value":"y"},{"from":"human","value":"<image>3"}]}
            """, DataFormat.Auto);
        Assert.Equal(("system: s|user: <image>1|assistant: x|user: <image>2|assistant: y", "a b"), Shown(row.Truncated(2)));
        Assert.Same(row, row.Truncated(3));
        var unplaced = row with { Images = ["a"] };   // whose images they are is not known
        Assert.Equal(["a"], unplaced.Truncated(1).Images);
    }

    [Fact]
    public void A_filter_knows_turns_images_and_bytes_of_a_row()
    {
        var row = Parse("""{"image":"a","conversations":[{"from":"human","value":"ä"},{"from":"human","value":null}]}""", DataFormat.Auto);
        Assert.Equal(new RowFacts(1, 2, HasNull: true, HasAnswer: false, 2), row.Facts);
        var answered = row with { Turns = [new("observation", "abc")] };
        Assert.Equal(new RowFacts(1, 0, HasNull: false, HasAnswer: true, 3), answered.Facts);
    }

    private static void Same(string json, DataFormat format, string turns, string images)
    {
        Assert.Equal((turns.Replace("\\n", "\n", StringComparison.Ordinal), images), Shown(Parse(json, format)));
        Assert.Equal(Shown(Parse(json, format)), Shown(Parse(json, DataFormat.Auto)));
    }

    private static (string Turns, string Images) Shown(JsonRow row) =>
        (string.Join('|', row.Turns.Select(turn => $"{turn.Role}: {turn.Text ?? "null"}")), string.Join(' ', row.Images));

    private static JsonRow Parse(string json, DataFormat format) => JsonRow.Parse(Encoding.UTF8.GetBytes(json), format);
}
