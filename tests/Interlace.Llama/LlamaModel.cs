using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using LLama;
using LLama.Common;
using LLama.Native;

namespace Interlace.Llama;

/// <summary>
/// A model in llama.cpp, set to compute as exactly as it can: one thread, keys and values in float32, no fused attention. It takes no part
/// of Interlace: what it says of an exported file is a second opinion.
/// </summary>
internal sealed unsafe partial class LlamaModel : IDisposable
{
    private const string Media = "<__media__>";
    private const int Context = 1 << 11;

    private readonly LLamaWeights _weights;
    private readonly LLamaContext? _context;
    private readonly MtmdWeights? _vision;

    static LlamaModel()
    {
        NativeLibraryConfig.All.WithLogCallback((_, _) => { });
        NativeApi.llama_empty_call();
        NativeApi.MtmdDefaultMarker();
        mtmd_log_set(&Ignore, null);
        mtmd_helper_log_set(&Ignore, null);
    }

    /// <summary>The library is loaded behind this, in the one place that tells it to be quiet first.</summary>
    public static void Load()
    {
    }

    /// <summary>Loads a decoder's file, and that of the parts that see.</summary>
    /// <param name="file">The decoder's.</param>
    /// <param name="vision">The other; null for texts alone.</param>
    /// <param name="tokens">Least and most tokens of an image.</param>
    public LlamaModel(string file, string? vision = null, (int Least, int Most)? tokens = null)
    {
        var parameters = new ModelParams(file)
        {
            Threads = 1, BatchThreads = 1, GpuLayerCount = 0, ContextSize = Context, BatchSize = Context,
            FlashAttention = false, TypeK = GGMLType.GGML_TYPE_F32, TypeV = GGMLType.GGML_TYPE_F32,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        _context = _weights.CreateContext(parameters);
        if (vision is null) return;
        var settings = MtmdContextParams.Default();
        settings.NThreads = 1;
        settings.UseGpu = settings.Warmup = false;
        settings.FlashAttentionType = LLamaFlashAttentionType.LLAMA_FLASH_ATTENTION_TYPE_DISABLED;
        (settings.ImageMinTokens, settings.ImageMaxTokens) = tokens ?? (settings.ImageMinTokens, settings.ImageMaxTokens);
        _vision = MtmdWeights.LoadFromFile(vision, _weights, settings);
    }

    private LlamaModel(LLamaWeights weights) => _weights = weights;

    /// <summary>Loads a file's tokenizer alone.</summary>
    public static LlamaModel Tokenizer(string file) => new(LLamaWeights.LoadFromFile(new ModelParams(file) { VocabOnly = true }));

    /// <summary>Decoder layers.</summary>
    public int LayerCount => _weights.NativeHandle.LayerCount;

    /// <summary>The tokens of a text, with those around it where the file says so.</summary>
    public int[] Tokenize(string text, bool addSpecial = false) =>
        [.. _weights.NativeHandle.Tokenize(text, addSpecial, true, Encoding.UTF8).Select(token => (int)token)];

    /// <summary>Tokens that the library takes for marks, whatever their type in the file is.</summary>
    public IEnumerable<int> ControlTokens() => Enumerable.Range(0, _weights.Vocab.Count)
        .Where(id => ((LLamaToken)id).IsControl(_weights.NativeHandle));

    /// <summary>The likeliest tokens behind a prompt, one after the other, up to and with one that ends an answer.</summary>
    public int[] Greedy(IReadOnlyList<PromptPart> prompt, int count, IReadOnlyCollection<int> stops)
    {
        int at = 0;
        float[] logits = Evaluate(prompt, ref at);
        var ids = new List<int>();
        while (true)
        {
            ids.Add(Array.IndexOf(logits, logits.Max()));
            if (ids.Count == count || stops.Contains(ids[^1])) return [.. ids];
            logits = Decode([ids[^1]], ref at);
        }
    }

    /// <summary>Logits of the token behind a prompt.</summary>
    public float[] Logits(IReadOnlyList<PromptPart> prompt)
    {
        int at = 0;
        return Evaluate(prompt, ref at);
    }

    /// <summary>A text in which every picture's place is marked, as the library itself cuts and tokenises it.</summary>
    /// <param name="text">The text, with <see cref="Media"/> where a picture stands.</param>
    /// <param name="pictures">The pictures as their files.</param>
    public IReadOnlyList<PromptPart> Prompt(string text, IReadOnlyList<byte[]> pictures)
    {
        SafeMtmdEmbed[] embeds = [.. pictures.Select(file => SafeMtmdEmbed.FromMediaBuffer(_vision!.NativeHandle, file)!)];
        return Parts(text, embeds);
    }

    /// <summary>A prompt whose tokens are known.</summary>
    /// <param name="sample">The prompt; its images have the model's size already.</param>
    public IReadOnlyList<PromptPart> Prompt(EncodedSample sample)
    {
        var parts = new List<PromptPart>();
        for (int at = 0, image = 0; at < sample.Length;)
        {
            int end = at;
            while (end < sample.Length && sample.Kinds[end] == TokenKind.Image == (sample.Kinds[at] == TokenKind.Image)) end++;
            if (sample.Kinds[at] != TokenKind.Image) parts.Add(new(sample.Ids[at..end], null));
            else parts.Add(Picture(sample.Images[image++].Tiles[0]));
            at = end;
        }
        return parts;
    }

    /// <summary>Marks the places of pictures as the library asks for it: it writes what stands around them itself.</summary>
    public static string Marked(string prompt) => prompt.Replace("<|vision_start|><|image_pad|><|vision_end|>", Media);

    public void Dispose()
    {
        _vision?.Dispose();
        _context?.Dispose();
        _weights.Dispose();
    }

    private PromptPart Picture(RgbImage image)
    {
        var embed = SafeMtmdEmbed.FromRgbBytes((uint)image.Width, (uint)image.Height, image.Pixels);
        return Parts(Media, [embed!]).Single(part => part.Image is not null);
    }

    private List<PromptPart> Parts(string text, SafeMtmdEmbed[] embeds)
    {
        Assert.Equal(0, _vision!.Tokenize(text, false, true, embeds, out var found));
        using var chunks = found!;
        var parts = new List<PromptPart>();
        foreach (var chunk in chunks.Enumerate())
            parts.Add(chunk.Type == SafeMtmdInputChunk.SafeMtmdInputChunkType.Text
                ? new([.. chunk.GetTextTokensSpan()], null) : new([], chunk.Copy()));
        // The binding hands over the zero byte behind the text too, which becomes a token of the last piece.
        if (parts[^1] is { Image: null } last) parts[^1] = new(last.Ids[..^1], null);
        foreach (var embed in embeds) embed.Dispose();
        return parts;
    }

    private float[] Evaluate(IReadOnlyList<PromptPart> prompt, ref int at)
    {
        _context!.NativeHandle.MemoryClear(true);
        float[] logits = [];
        foreach (var part in prompt)
        {
            if (part.Image is not { } image)
            {
                if (part.Ids.Length > 0) logits = Decode(part.Ids, ref at);
                continue;
            }
            int code = _vision!.NativeHandle.EvaluateChunk(image.NativePtr, _context.NativeHandle, ref at, 0, Context, false);
            Assert.Equal(0, code);
        }
        return logits;
    }

    private float[] Decode(int[] ids, ref int at)
    {
        var batch = new LLamaBatch();
        foreach (var (i, id) in ids.Index()) batch.Add(id, at + i, LLamaSeqId.Zero, i == ids.Length - 1);
        Assert.Equal(DecodeResult.Ok, _context!.NativeHandle.Decode(batch));
        at += ids.Length;
        return _context.NativeHandle.GetLogitsIth(-1).ToArray();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ignore(int level, byte* text, void* user) { }

    [LibraryImport("libmtmd")]
    private static partial void mtmd_log_set(delegate* unmanaged[Cdecl]<int, byte*, void*, void> callback, void* user);

    [LibraryImport("libmtmd")]
    private static partial void mtmd_helper_log_set(delegate* unmanaged[Cdecl]<int, byte*, void*, void> callback, void* user);
}

/// <summary>A part of a prompt: tokens, or a picture.</summary>
internal sealed record PromptPart(int[] Ids, SafeMtmdInputChunk? Image)
{
    /// <summary>Tokens of the part.</summary>
    public int Count => Image is null ? Ids.Length : (int)Image.NTokens;
}
