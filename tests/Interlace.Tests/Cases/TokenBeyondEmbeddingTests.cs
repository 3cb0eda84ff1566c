using System.Text.Json.Nodes;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>A tokenizer with ids that the embedding has no row for: refused when the model is opened, before a question is asked.</summary>
public sealed class TokenBeyondEmbeddingTests : IDisposable
{
    private readonly ModelCopy _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(900)]
    [InlineData(832)]
    public void An_added_token_without_a_row_is_refused_with_its_id_and_the_rows(int id)
    {
        Add(id);
        string refusal = CommandRun.Of("generate", _model.Folder, "Which <|medicine|> is it?").Refusal();
        foreach (string part in new[] { "tokenizer.json", "<|medicine|>", $"{id}", "832", "resize_token_embeddings" })
            Assert.Contains(part, refusal);
    }

    [Fact]
    public void Evaluate_asks_nothing()
    {
        Add(900);
        Assert.Contains("<|medicine|>",
            CommandRun.Of("evaluate", _model.Folder, "--benchmarks", Shared.Require("cases", "token-beyond-embedding", "table"), "--out",
            _model.At("out")).Refusal());
        Assert.False(File.Exists(_model.At("out", "answers.json")));
    }

    [Fact]
    public void The_last_row_is_a_row()
    {
        Add(831);
        Assert.Equal(0, CommandRun.Of("generate", _model.Folder, "Which <|medicine|> is it?", "--max-new-tokens", "1").Code);
    }

    private void Add(int id) => _model.Edit("tokenizer.json", tokenizer =>
    {
        var added = tokenizer["added_tokens"]!.AsArray();
        JsonNode token = added[0]!.DeepClone();
        (token["id"], token["content"], token["special"]) = (id, "<|medicine|>", false);
        added.Add(token);
    });
}
