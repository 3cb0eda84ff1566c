using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Families.Qwen2;

/// <summary>The chat templates of Qwen2.5 and Qwen2.</summary>
internal static class ChatTemplate
{
    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is none of the published ones.</exception>
    public static SystemTemplate Load(string folder) => TemplateFile.Find(folder, "Qwen2",
        ("55b2f4a26ac9ee719330a61a0c39d9e538b0e9322212f048326318cff4f8674a",
            new SystemTemplate("You are Qwen, created by Alibaba Cloud. You are a helpful assistant.")),   // 2.5
        ("793202280c0910ab26bc6eb57c8212c2417324c6d8c4efd0d10d59092ab3e3eb", new SystemTemplate("You are a helpful assistant.")));
}
