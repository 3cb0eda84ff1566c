using System.Text;
using System.Text.Json;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public sealed class StrictJsonTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("""{"a": 1, "a": 1}""", "'a'")]
    [InlineData("""{"a": {"b": [1, {"c": 1, "d": 2, "c": 3}]}}""", "'a.b.c'")]
    [InlineData("""[{"x": 0}, {"é": 1, "\u00e9": 2}]""", "'é'")]
    public void A_key_that_stands_twice_is_refused_with_its_place(string json, string key) =>
        Assert.Contains($"the key {key} stands in it twice", Assert.Throws<JsonException>(() => StrictJson.Parse(json)).Message);

    [Theory]
    [InlineData("""{"a": "\ud800"}""")]
    [InlineData("""["\udc00x"]""")]
    [InlineData("""{"\ud800": 1}""")]
    public void Half_a_surrogate_pair_is_refused(string json) =>
        Assert.Contains("no Unicode text", Assert.Throws<JsonException>(() => StrictJson.Parse(json)).Message);

    [Fact]
    public void Broken_utf8_is_refused() =>
        Assert.Contains("no Unicode text",
            Assert.Throws<JsonException>(() => StrictJson.Parse([(byte)'[', (byte)'"', 0xC3, (byte)'"', (byte)']'])).Message);

    [Fact]
    public void A_text_with_half_a_surrogate_pair_is_no_json() => Assert.Throws<JsonException>(() => StrictJson.Parse("[\"\ud800\"]"));

    [Fact]
    public void Equal_keys_of_different_objects_are_no_fault() =>
        Assert.Equal("""[{"a":{"a":1},"b":"\uD83D\uDE00"},{"a":2}]""", StrictJson.Parse("""[{"a":{"a":1},"b":"\ud83d\ude00"},{"a":2}]""")!.ToJsonString());

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1] 2")]
    [InlineData("NaN")]
    public void What_is_no_json_is_refused_with_the_name_of_the_file(string text)
    {
        File.WriteAllText(_scratch.At("x.json"), text);
        Assert.Contains(_scratch.At("x.json"), Assert.Throws<InputException>(() => StrictJson.Read(_scratch.At("x.json"))).Message);
    }

    [Fact]
    public void Values_nested_without_end_are_refused()
    {
        File.WriteAllText(_scratch.At("deep.json"), new string('[', 100_000) + new string(']', 100_000));
        Assert.Contains("deep.json", Assert.Throws<InputException>(() => StrictJson.Read(_scratch.At("deep.json"))).Message);
    }

    [Fact]
    public void A_file_that_is_too_large_is_refused_before_it_is_read()
    {
        using (var file = File.Create(_scratch.At("large.json"))) file.SetLength(1L << 40);   // a hole: it takes no room
        Assert.Contains("large.json", Assert.Throws<InputException>(() => StrictJson.Read(_scratch.At("large.json"))).Message);
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over()
    {
        File.WriteAllText(_scratch.At("marked.json"), """{"a": 1}""", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(1, (int)StrictJson.ReadObject(_scratch.At("marked.json"))["a"]!);
    }

    [Fact]
    public void An_absent_file_is_missing() =>
        Assert.Contains("is missing", Assert.Throws<InputException>(() => StrictJson.Read(_scratch.At("none.json"))).Message);
}
