using System.Text.Json;
using Interlace.Vlm.Text.Tokenizing.Decoding;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>How the texts of tokens become text again: the decoder section of a tokenizer.json.</summary>
internal sealed class TokenDecoder
{
    private const int MostStripped = 4096;

    private readonly List<Func<IDecodingStep, IDecodingStep>> _steps = [];
    private bool _fused;

    /// <summary>Reads the section.</summary>
    /// <exception cref="InputException">A decoder that cannot be reproduced exactly.</exception>
    public TokenDecoder(JsonElement section, string source)
    {
        double growth = 1;
        foreach (Component step in Component.Steps(section, "decoder", "decoders", source)) _steps.Add(Read(step, ref growth));
        if (_steps.Count == 0) _steps.Add(static next => new SpacesStep(next));
    }

    /// <summary>The steps of one decoding, which end in <paramref name="text"/>.</summary>
    public IDecodingStep Start(DecodedText text)
    {
        IDecodingStep first = text;
        for (int i = _steps.Count; --i >= 0;) first = _steps[i](first);
        return first;
    }

    private Func<IDecodingStep, IDecodingStep> Read(Component step, ref double growth)
    {
        // After all tokens have become one text these would need the end of it before they could pass on its beginning.
        if (_fused && step.Type is not ("Strip" or "Fuse" or "Replace")) throw step.Refused("place after Fuse or ByteLevel");
        switch (step.Type)
        {
            case "ByteLevel":
                step.Allow("add_prefix_space", "trim_offsets", "use_regex");
                _fused = true;
                return static next => new ByteLevelStep(next);
            case "ByteFallback":
                step.Allow();
                return static next => new ByteFallbackStep(next);
            case "Fuse":
                step.Allow();
                _fused = true;
                return static next => new FuseStep(next);
            case "Metaspace":
                Metaspace metaspace = Metaspace.Read(step);
                return next => new MetaspaceStep(next, metaspace);
            case "Replace":
                step.Allow("pattern", "content");
                string pattern = step.PlainPattern(), content = step.Required("content");
                if (_fused && pattern.Length > 1) throw step.Refused("pattern of several characters after Fuse or ByteLevel");
                growth *= Math.Max(1, (double)content.Length / pattern.Length);
                if (growth > Component.MostGrowth) throw step.Refused($"content that makes a text {growth:F0} times as long");
                return next => new ReplaceStep(next, pattern, content);
            case "Strip":
                step.Allow("content", "start", "stop");
                char stripped = step.Character("content");
                int start = Stripped(step, "start"), stop = Stripped(step, "stop");
                return next => new StripStep(next, stripped, start, stop);
            default:
                throw step.Refused();
        }
    }

    private static int Stripped(Component step, string name)
    {
        int count = step.Json.GetProperty(name).GetInt32();
        return count is >= 0 and <= MostStripped ? count : throw step.Refused($"{name} beyond 0 to {MostStripped}");
    }
}
