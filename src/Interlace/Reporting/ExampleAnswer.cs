namespace Interlace.Reporting;

/// <summary>One model's answer; <paramref name="Right"/> is absent where it was scored in between.</summary>
public sealed record ExampleAnswer(string Model, string Text, bool? Right);
