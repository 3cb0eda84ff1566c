using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Data;

public class ConversationTests
{
    private const string Authors = "fixtures/authors";

    public static IEnumerable<TheoryDataRow<string, string>> GoldenRuns =>
        new (string File, string Form)[]
        {
            ("calibration.json", nameof(ConversationForm.AuthorsCalibration)), ("training-samples.json", nameof(ConversationForm.AuthorsTraining)),
        }
        .Where(golden => File.Exists(Shared.At(Authors, golden.File)))
        .SelectMany(golden => Shared.Json(Authors, golden.File)["runs"]!.AsObject()
            .Select(run => new TheoryDataRow<string, string>($"{golden.File}/{run.Key}", golden.Form)));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenRuns)), Trait("Category", "Golden")]
    public void Prompts_are_those_of_the_authors(string place, string form)
    {
        JsonNode run = Shared.Json(Authors, place.Split('/')[0])["runs"]![place.Split('/')[1]]!;
        JsonArray records = Shared.Json(Authors, (string)run["data"]!).AsArray();
        JsonArray samples = run["samples"]!.AsArray();
        Assert.NotEmpty(samples);
        Assert.All(samples, sample =>
        {
            var chat = Conversation.Of(Read(records[(int)sample!["record"]!]!), Form(form));
            Assert.Equal((string)sample["prompt"]!, ChatTemplate.Published.Render(chat.Messages, chat.AddGenerationPrompt).Text);
        });
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenRuns)), Trait("Category", "Golden")]
    public void What_fails_in_the_authors_training_is_left_out(string place, string form)
    {
        JsonNode run = Shared.Json(Authors, place.Split('/')[0])["runs"]![place.Split('/')[1]]!;
        JsonArray records = Shared.Json(Authors, (string)run["data"]!).AsArray();
        Assert.All(run["fails"]?.AsArray() ?? [], fails =>
            Assert.Equal(SkipReason.PlacesOfImages,
                Assert.Throws<SampleException>(() => Conversation.Of(Read(records[(int)fails!["record"]!]!), Form(form))).Reason));
    }

    [Fact]
    public void Images_that_stand_first_by_rule_give_the_same_chat_as_their_record_in_the_authors_list()
    {
        var row = Row(ImagePlaces.First, 2, (Turn.User, "Which <image> is red?"), (Turn.Assistant, "The <image>first."),
            (Turn.User, "Sure?"));
        var record = AuthorsForms.Marked(row);
        Assert.Equal(["<image>\n<image>\nWhich  is red?", "The <image>first.", "Sure?"], record.Turns.Select(turn => turn.Text));
        foreach (var form in new[] { ConversationForm.Paper, ConversationForm.AuthorsTraining, ConversationForm.AuthorsCalibration })
            Assert.Equal(Shown(row, form), Shown(record, form));
        Assert.Equal(["user: [image][image]Which  is red?", "assistant: The first.", "user: Sure?"], Shown(row, ConversationForm.Paper));
    }

    [Theory]
    [InlineData("<image>\nWhat?", "[image]What?")]
    [InlineData("What?\n<image>", "What?\n[image]")]
    [InlineData(" <image>\n\n and ", " [image]\n and ")]
    [InlineData("<image>", "[image]")]
    public void Marked_images_stand_where_they_are_marked(string text, string expected) =>
        Assert.Equal([$"user: {expected}", "assistant: a"],
            Shown(Row(ImagePlaces.Marked, 1, (Turn.User, text), (Turn.Assistant, "<image>a")), ConversationForm.Paper));

    [Fact]
    public void Without_images_the_mark_is_a_text_that_was_left_behind() =>
        Assert.Equal(["system: s", "user: ab", "assistant: c"],
            Shown(Row(ImagePlaces.Marked, 0, (Turn.System, "<image>s"), (Turn.User, "a<image>b"), (Turn.Assistant, "c")),
                ConversationForm.Paper));

    [Theory]
    [InlineData(nameof(ConversationForm.Paper), 2, "user", "<image>", SkipReason.PlacesOfImages)]
    [InlineData(nameof(ConversationForm.Paper), 1, "user", "no place", SkipReason.PlacesOfImages)]
    [InlineData(nameof(ConversationForm.Paper), 1, "assistant", "<image>", SkipReason.PlacesOfImages)]
    [InlineData(nameof(ConversationForm.Paper), 0, "observation", "text", SkipReason.UnknownRole)]
    [InlineData(nameof(ConversationForm.Paper), 0, "user", null, SkipReason.NullText)]
    [InlineData(nameof(ConversationForm.Paper), 0, "assistant", null, SkipReason.NullText)]
    [InlineData(nameof(ConversationForm.AuthorsTraining), 0, "user", "a <image>", SkipReason.PlacesOfImages)]
    [InlineData(nameof(ConversationForm.AuthorsTraining), 0, "user", null, SkipReason.NullText)]
    [InlineData(nameof(ConversationForm.AuthorsCalibration), 0, "user", null, SkipReason.NullText)]
    [InlineData(nameof(ConversationForm.Paper), 0, null, null, SkipReason.NoTurns)]
    [InlineData(nameof(ConversationForm.AuthorsCalibration), 0, null, null, SkipReason.NoTurns)]
    public void A_sample_that_does_not_suit_the_form_is_left_out_with_its_reason(
        string form, int images, string? role, string? text, string reason)
    {
        var sample = role is null ? Row(ImagePlaces.Marked, images) : Row(ImagePlaces.Marked, images, (role, text));
        Assert.Equal(reason, Assert.Throws<SampleException>(() => Conversation.Of(sample, Form(form))).Reason);
    }

    [Fact]
    public void In_the_authors_training_everybody_else_is_the_assistant_and_a_null_answer_is_empty() =>
        Assert.Equal(["assistant:  s ", "user: q", "assistant: ", "assistant: o"],
            Shown(Row(ImagePlaces.Marked, 0, (Turn.System, " s "), (Turn.User, " q\u3000"), (Turn.Assistant, null), ("observation", "o")),
                ConversationForm.AuthorsTraining));

    private static ConversationForm Form(string name) =>
        (ConversationForm)typeof(ConversationForm).GetProperty(name)!.GetValue(null)!;

    private static string[] Shown(Sample sample, ConversationForm form) =>
        [.. Conversation.Of(sample, form).Messages.Select(message => $"{message.Role}: "
            + string.Concat(message.Content.Select(part => part is TextPart text ? text.Text : "[image]")))];

    private static Sample Row(ImagePlaces places, int images, params (string Role, string? Text)[] turns) =>
        new("set", "shard", 0, [.. turns.Select(turn => new Turn(turn.Role, turn.Text))], [.. Enumerable.Repeat<byte[]>([1], images)],
            places);

    private static Sample Read(JsonNode record) => Row(ImagePlaces.Marked,
        record["image"] switch { null => 0, JsonArray list => list.Count, _ => 1 },
        [.. record["conversations"]!.AsArray().Select(turn => (Role((string)turn!["from"]!), (string?)turn["value"]))]);

    private static string Role(string name) => name switch { "human" => Turn.User, "gpt" => Turn.Assistant, _ => name };
}
