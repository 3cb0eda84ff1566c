namespace Interlace.Reporting;

/// <summary>A question and what the models made of it.</summary>
/// <param name="Question">Text of the question.</param>
/// <param name="CorrectAnswer">The right answer.</param>
/// <param name="Answers">The models' answers.</param>
/// <param name="Image">The bytes of the image file, where there is one.</param>
/// <param name="ImageType">Its media type, such as <c>image/jpeg</c>.</param>
/// <param name="Benchmark">The benchmark that it comes from.</param>
public sealed record ExampleQuestion(
    string Question, string CorrectAnswer, IReadOnlyList<ExampleAnswer> Answers, byte[]? Image = null, string ImageType = "image/jpeg",
        string? Benchmark = null);
