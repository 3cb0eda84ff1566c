using System.Text;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public class JsonTextTests
{
    [Theory]
    [InlineData("""{"a": {"n": 36 , "x":1e-06}, "n": 3}""", """{"a": {"n": 27 , "x":1e-06}, "n": 3}""")]
    [InlineData("{\n\t\"n\": 1,\n\t\"a\": {\n\t\t\"x\": [ {\"n\": 2} ],\n\t\t\"n\":\t36\n\t}\n}\n", "{\n\t\"n\": 1,\n\t\"a\": {\n\t\t\"x\": [ {\"n\": 2} ],\n\t\t\"n\":\t27\n\t}\n}\n")]
    [InlineData("""{"a":{"x":1}}""", """{"a":{"x":1,"n":27}}""")]
    [InlineData("{\r\n  \"a\": {\r\n    \"x\": {\"n\": 1}\r\n  }\r\n}", "{\r\n  \"a\": {\r\n    \"x\": {\"n\": 1},\r\n    \"n\": 27\r\n  }\r\n}")]
    public void Only_the_value_changes_or_is_added(string text, string expected) => Assert.Equal(expected, Set(text, ["a", "n"], "27"));

    [Fact]
    public void Text_beyond_ascii_is_kept() => Assert.Equal("""{"é": "日本", "n": 27}""", Set("""{"é": "日本", "n": {"deep": [1, 2]}}""", ["n"], "27"));

    [Theory]
    [InlineData("""{"t": ["a", "b","c" ]}""", """{"t": ["a", "c" ]}""")]
    [InlineData("{\"t\": [\n  \"a\",\n  \"b\",\n  \"c\"\n]}", "{\"t\": [\n  \"a\",\n  \"c\"\n]}")]
    public void A_list_is_sliced_with_its_spacing(string text, string expected) => Assert.Equal(expected, Encoding.UTF8.GetString(JsonText.Slice(Encoding.UTF8.GetBytes(text), ["t"], [0, 2])));

    [Theory]
    [InlineData("""{"a":{"x":1}}""", """{"a":{"x":1,"t":["p", "q"]}}""")]
    [InlineData("{\n  \"a\": {\n    \"x\": 1\n  }\n}", "{\n  \"a\": {\n    \"x\": 1,\n    \"t\": [\n      \"p\",\n      \"q\"\n    ]\n  }\n}")]
    public void A_list_is_laid_out_like_its_object(string text, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(JsonText.SetStrings(Encoding.UTF8.GetBytes(text), ["a", "t"], ["p", "q"])));

    [Theory]
    [InlineData("""{"q": {"a": ["x", "drop", "y"], "k": "x"}}""", """{"q": {"A": ["X", "Y"], "K": "X"}}""")]
    [InlineData("""{"q": ["drop", "x"]}""", """{"q": ["X"]}""")]
    [InlineData("""{"q": ["drop", "drop" , "x","drop"]}""", """{"q": ["X"]}""")]
    [InlineData("""{"q": [ "drop" ]}""", """{"q": [  ]}""")]
    [InlineData("{\"q\": {\n  \"drop\": {\"x\": 1},\n  \"é\": [1, {\"x\": null}]\n}}", "{\"q\": {\n  \"É\": [1, {\"X\": null}]\n}}")]
    [InlineData("{\"q\": {\n  \"x\": true,\n  \"drop\": [\"x\", \"drop\"]\n}, \"x\": \"x\"}", "{\"q\": {\n  \"X\": true\n}, \"x\": \"x\"}")]
    public void Texts_below_a_property_are_rewritten_and_what_goes_leaves_no_gap(string text, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(JsonText.RewriteStrings(Encoding.UTF8.GetBytes(text), ["q"], value => value == "drop"
            ? null : value is "q" ? value : value.ToUpperInvariant())));

    [Fact]
    public void An_absent_object_is_named() => Assert.Contains("b.n", Assert.Throws<InputException>(() => Set("""{"a": {}}""", ["b", "n"], "1")).Message);

    private static string Set(string text, string[] path, string json) => Encoding.UTF8.GetString(JsonText.Set(Encoding.UTF8.GetBytes(text), path, json));
}
