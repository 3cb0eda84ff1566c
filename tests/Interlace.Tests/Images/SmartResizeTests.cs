using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Images;

[Trait("Category", "Golden")]
public class SmartResizeTests
{
    [Fact]
    public void Sizes_and_refusals_equal_the_reference()
    {
        JsonArray cases = Shared.Json("fixtures", "qwen3vl", "image-processing", "smart-resize.json")["cases"]!.AsArray();
        foreach (JsonNode? c in cases)
        {
            int Value(string name) => (int)c![name]!;
            (int Height, int Width) Resized() => SmartResize.Of(Value("height"), Value("width"), Value("factor"), Value("min_pixels"), Value("max_pixels"));
            if (c!["error"] is not null) Assert.Contains("too narrow", Assert.Throws<InputException>(() => Resized()).Message);
            else Assert.Equal((Value("resized_height"), Value("resized_width")), Resized());
        }
    }
}
