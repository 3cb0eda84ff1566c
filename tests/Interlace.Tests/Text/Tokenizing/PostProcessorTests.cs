using System.Text.Json;
using Interlace.Vlm;
using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.Tests.Text.Tokenizing;

public class PostProcessorTests
{
    // What TEXT and TOKENS stand for in the sections below.
    private const string Text = """{"Sequence":{"id":"A","type_id":0}}""";
    private const string Tokens = """{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[2,3],"tokens":["</","s>"]}}""";

    [Theory]
    [InlineData("null", "A")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true}""", "A")]
    [InlineData("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},TEXT],"special_tokens":TOKENS}""", "1 A")]
    [InlineData("""{"type":"TemplateProcessing","single":[TEXT,{"SpecialToken":{"id":"</s>","type_id":0}}],"pair":[],"special_tokens":TOKENS}""", "A 2 3")]
    [InlineData("""
        {"type":"Sequence","processors":[{"type":"ByteLevel"},
          {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},TEXT],"special_tokens":TOKENS},
          {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"</s>","type_id":0}},TEXT,{"SpecialToken":{"id":"<s>","type_id":0}}],"special_tokens":TOKENS}]}
        """, "2 3 1 A 1")]
    public void Special_tokens_stand_around_the_text_as_the_template_says(string section, string expected)
    {
        PostProcessor processor = Read(section);
        Assert.Equal(expected, string.Join(' ', [.. processor.Before.Select(id => $"{id}"), "A", .. processor.After.Select(id => $"{id}")]));
    }

    [Theory]
    [InlineData("""{"type":"RobertaProcessing"}""", "post-processor 'RobertaProcessing'")]
    [InlineData("""{"type":"TemplateProcessing","single":[TEXT,TEXT],"special_tokens":{}}""", "another text")]
    [InlineData("""{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"special_tokens":{}}""", "another text")]
    [InlineData("""{"type":"TemplateProcessing","single":[],"special_tokens":{}}""", "does not hold the text")]
    public void What_is_not_known_is_refused_by_its_name(string section, string name) =>
        Assert.Contains(name, Assert.Throws<InputException>(() => Read(section)).Message);

    [Fact]
    public void A_token_that_the_template_does_not_explain_is_named() => Assert.Contains("'<s>'", Assert.Throws<FormatException>(() =>
        Read("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},TEXT],"special_tokens":{}}""")).Message);

    private static PostProcessor Read(string section) =>
        new(JsonDocument.Parse(section.Replace("TEXT", Text).Replace("TOKENS", Tokens)).RootElement, "tokenizer.json");
}
