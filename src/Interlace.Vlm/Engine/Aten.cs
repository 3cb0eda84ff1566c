using System.Runtime.InteropServices;
using System.Text;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine;

/// <summary>
/// Operators of the engine that TorchSharp does not offer, called through libtorch's stable C interface. The calls go through the whole
/// dispatcher: gradients flow, and device and gradient mode are honoured. This is the only file that makes such calls.
/// </summary>
public static unsafe partial class Aten
{
    /// <summary>The libtorch whose operator schemas this file was written for.</summary>
    public const ulong SchemaVersion = 0x020A000000000000;

    /// <summary>Version of the libtorch in the process, as <c>0xMMmm000000000000</c>.</summary>
    public static ulong LoadedVersion()
    {
        NativeSettings.Apply();
        _ = float32;   // loads the engine
        return aoti_torch_abi_version();
    }

    /// <summary>
    /// Loads the engine and makes sure that it is one whose tensors look as this program expects: another gives wrong numbers, or crashes.
    /// </summary>
    /// <exception cref="InputException">It is another.</exception>
    public static void RequireKnownEngine()
    {
        if (_isKnown) return;
        CheckEngine(LoadedVersion());
        _isKnown = true;
    }

    /// <exception cref="InputException">The version is not known.</exception>
    internal static void CheckEngine(ulong version)
    {
        if (version >> 48 is not (0x020A or 0x020B))
        {
            throw new InputException($"The engine that is loaded is libtorch {Name(version)}, which this program does not know: "
                + $"it needs {Name(SchemaVersion)} (2.11 works too). Take the other one off the library path (LD_LIBRARY_PATH).");
        }
    }

    /// <summary>A version as people write it, such as 2.10.</summary>
    public static string Name(ulong version) => $"{version >> 56}.{(version >> 48) & 255}";

    private static bool _isKnown;

    /// <summary>
    /// Root-mean-square norm over the last dimension, computed in fp32 and multiplied by <paramref name="weight"/>. [.., D] -> [.., D].
    /// </summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon) =>
        CallOne("aten::rms_norm"u8, ""u8, Of(x), Of([weight.shape[0]]), Of(weight, optional: true), Optional(Of(epsilon)));

    /// <summary>
    /// Attention softmax(q k^T scale + mask) v. q [B, H, T, d], k and v [B, G, S, d] with G dividing H:
    /// query head h reads key head h / (H / G).
    /// </summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="mask">Boolean [.., T, S], true where a key is seen, or of the type of q and added to the scores; or null.</param>
    /// <param name="causal">Query t sees keys 0..t only; excludes a mask.</param>
    /// <param name="scale">What the scores are multiplied by; 1 / sqrt(d) where absent.</param>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal, double? scale = null) =>
        CallOne("aten::scaled_dot_product_attention"u8, ""u8, Of(q), Of(k), Of(v), Of(mask, optional: true), Of(0.0), Of(causal),
            scale is { } given ? Optional(Of(given)) : None, Of(q.shape[1] != k.shape[1]));

    /// <summary>
    /// Attention of sequences of any lengths that lie end to end, by the variable-length kernel of a GPU, in bf16 or fp16. Query head h
    /// reads key head h / (H / G). Gradients flow, except where <paramref name="seen"/> is given.
    /// </summary>
    /// <param name="q">[N, H, d] queries.</param>
    /// <param name="k">[M, G, d] keys.</param>
    /// <param name="v">[M, G, d] values.</param>
    /// <param name="queryStarts">[B + 1] int32: the first query of each sequence, and N.</param>
    /// <param name="keyStarts">[B + 1] int32: the first key of each, and their end.</param>
    /// <param name="longestQuery">Queries of the longest sequence.</param>
    /// <param name="longestKey">Keys of the longest one.</param>
    /// <param name="causal">A query sees only keys up to its own, counted from the end of its sequence.</param>
    /// <param name="scale">What the scores are multiplied by; 1 / sqrt(d) where absent.</param>
    /// <param name="before">Keys before its own that a query sees; it then sees none behind. All where absent.</param>
    /// <param name="seen">[B] int32: keys of each sequence that are seen, where they do not fill its place; or null.</param>
    /// <returns>[N, H, d].</returns>
    public static Tensor FlashAttention(Tensor q, Tensor k, Tensor v, Tensor queryStarts, Tensor keyStarts,
        int longestQuery, int longestKey, bool causal, double? scale, int? before, Tensor? seen)
    {
        ulong window = before is { } given ? Optional((ulong)given) : None, behind = before is null ? None : Optional(0);
        return CallFirst("aten::_flash_attention_forward"u8, ""u8, 5, Of(q), Of(k), Of(v), Of(queryStarts, optional: true),
            Of(keyStarts, optional: true), (ulong)longestQuery, (ulong)longestKey, Of(0.0), Of(causal), Of(false),
            scale is { } factor ? Optional(Of(factor)) : None, window, behind, Of(seen, optional: true), None);
    }

    /// <summary>
    /// Whether the engine would run attention of these by one of its kernels for recent GPUs: flash attention or cuDNN's, both of which
    /// ask for the same generation. q [B, H, T, d], k and v [B, G, T, d].
    /// </summary>
    public static bool PrefersFlash(Tensor q, Tensor k, Tensor v) =>
        Call("aten::_fused_sdp_choice"u8, ""u8, 1, Of(q), Of(k), Of(v), None, Of(0.0), Of(true), None, Of(q.shape[1] != k.shape[1]))
            is Flash or CuDnn;

    private const ulong Flash = 1, CuDnn = 3;   // at::SDPBackend

    /// <summary>The same bytes as elements of another type of the same size; no copy.</summary>
    public static Tensor Reinterpret(Tensor x, ScalarType type) => CallOne("aten::view"u8, "dtype"u8, Of(x), (ulong)DTypeCode(type));

    /// <summary>
    /// A linear layer by oneDNN, whatever the engine itself would take: x W^T + b. No gradient flows through it, and how it sums depends on
    /// the threads it may use. x [n, input], weight [output, input] of any strides, bias [output] or null -> [n, output].
    /// </summary>
    /// <remarks>
    /// It is called directly, and not by its name as the others: there the engine never frees its copy of a text that it is given, and
    /// thousands of these between large tensors leave gaps in memory that nothing fits.
    /// </remarks>
    internal static Tensor OneDnnLinear(Tensor x, Tensor weight, Tensor? bias)
    {
        nint own = bias?.Handle ?? 0, result;
        fixed (byte* plain = "none"u8)
        {
            Check(aoti_torch_cpu__linear_pointwise(x.Handle, weight.Handle, bias is null ? null : &own, plain, null, 0, null, &result),
                "linear_pointwise");
        }
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>
    /// One fused AdamW step over lists of parameters, in place. The states are updated; <paramref name="steps"/> are
    /// fp32 scalars that the caller has counted up.
    /// </summary>
    public static void AdamWStep(IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> means,
        IReadOnlyList<Tensor> squares, IReadOnlyList<Tensor> steps,
        double learningRate, double beta1, double beta2, double weightDecay, double epsilon) =>
        Call("aten::_fused_adamw_"u8, ""u8, 0, Of(parameters), Of(gradients), Of(means), Of(squares), Of(Array.Empty<Tensor>()), Of(steps),
            Of(learningRate), Of(beta1), Of(beta2), Of(weightDecay), Of(epsilon), Of(false), Of(false), None, None);

    /// <summary>
    /// A tensor over memory that somebody else owns and keeps alive: nothing is copied. The memory may be read-only as long as nobody
    /// writes to the tensor.
    /// </summary>
    public static Tensor FromMemory(void* data, long[] shape, ScalarType type)
    {
        RequireKnownEngine();
        long[] strides = new long[shape.Length];
        for (long i = shape.Length - 1, stride = 1; i >= 0; stride *= Math.Max(1, shape[i--])) strides[i] = stride;
        fixed (long* sizes = shape, steps = strides)
        {
            Check(aoti_torch_create_tensor_from_blob_v2(data, shape.Length, sizes, steps, 0, DTypeCode(type), 0, 0, out nint handle, 0,
                null, 0), "create_tensor_from_blob");
            return Tensor.UnsafeCreateTensor(handle);
        }
    }

    /// <summary>Where the numbers of a tensor on the CPU begin.</summary>
    public static void* Data(Tensor tensor)
    {
        Check(aoti_torch_get_data_ptr(tensor.Handle, out void* data), "get_data_ptr");
        return data;
    }

    private static int DTypeCode(ScalarType type) => (int)type;   // the same numbers on both sides: uint8 0 ... bool 11, bfloat16 15

    private static Tensor CallOne(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, params ReadOnlySpan<ulong> arguments) =>
        CallFirst(name, overload, 1, arguments);

    /// <summary>The first of several tensors that an operator gives; the others are let go.</summary>
    private static Tensor CallFirst(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, int results,
        params ReadOnlySpan<ulong> arguments)
    {
        Span<ulong> given = stackalloc ulong[results];
        Call(name, overload, given, arguments);
        foreach (ulong other in given[1..]) Check(aoti_torch_delete_tensor_object((nint)other), "delete_tensor_object");
        return Tensor.UnsafeCreateTensor((nint)given[0]);
    }

    private static ulong Call(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, int results, params ReadOnlySpan<ulong> arguments)
    {
        Span<ulong> given = stackalloc ulong[results];
        Call(name, overload, given, arguments);
        return results == 0 ? 0 : given[0];
    }

    private static void Call(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, Span<ulong> results, ReadOnlySpan<ulong> arguments)
    {
        // Zeros behind the arguments: a later engine that has more of them, all optional, then reads that they are absent.
        ulong* stack = stackalloc ulong[Math.Max(arguments.Length, results.Length) + LaterArguments];
        var slots = new Span<ulong>(stack, Math.Max(arguments.Length, results.Length) + LaterArguments);
        slots.Clear();
        arguments.CopyTo(slots);
        fixed (byte* operation = name, variant = overload.IsEmpty ? "\0"u8 : overload)   // the compiler ends such texts with a zero
        {
            if (torch_call_dispatcher(operation, variant, stack, SchemaVersion) != 0) Check(1, Encoding.UTF8.GetString(name));
        }
        slots[..results.Length].CopyTo(results);
    }

    private const int LaterArguments = 8;
    private const ulong None = 0;
    private static ulong Of(bool value) => value ? 1u : 0u;
    private static ulong Of(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static ulong Of(Tensor tensor)
    {
        Check(aoti_torch_new_tensor_handle(tensor.Handle, out nint handle), "new_tensor_handle");   // the call takes the handle it is given
        return (ulong)handle;
    }

    private static ulong Of(Tensor? tensor, bool optional) => tensor is null ? None : optional ? Optional(Of(tensor)) : Of(tensor);

    private static ulong Of(ReadOnlySpan<long> numbers)
    {
        nint list = NewList(numbers.Length);
        foreach (long number in numbers) Check(torch_list_push_back(list, (ulong)number), "list_push_back");
        return (ulong)list;
    }

    private static ulong Of(IReadOnlyList<Tensor> tensors)
    {
        nint list = NewList(tensors.Count);
        foreach (Tensor tensor in tensors) Check(torch_list_push_back(list, Of(tensor)), "list_push_back");
        return (ulong)list;
    }

    private static ulong Optional(ulong value)
    {
        ulong* slot = (ulong*)NativeMemory.Alloc(sizeof(ulong));   // freed by the call
        *slot = value;
        return (ulong)slot;
    }

    private static nint NewList(int size)
    {
        Check(torch_new_list_reserve_size((nuint)size, out nint list), "new_list");
        return list;
    }

    private static void Check(int error, string what)
    {
        if (error != 0) throw new InvalidOperationException($"The engine refused {what}; its own message stands on standard error.");
    }

    [LibraryImport("torch_cpu")]
    private static partial int torch_call_dispatcher(byte* name, byte* overload, ulong* stack, ulong version);
    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_cpu__linear_pointwise(nint x, nint weight, nint* bias, byte* attribute, double** scalars,
        long scalarCount, byte** algorithm, nint* result);
    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_delete_tensor_object(nint tensor);
    [LibraryImport("torch_cpu")]
    private static partial ulong aoti_torch_abi_version();
    [LibraryImport("torch_cpu")]
    private static partial int torch_new_list_reserve_size(nuint size, out nint list);
    [LibraryImport("torch_cpu")]
    private static partial int torch_list_push_back(nint list, ulong element);
    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_new_tensor_handle(nint tensor, out nint handle);
    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_get_data_ptr(nint tensor, out void* data);
    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_create_tensor_from_blob_v2(void* data, long dimensions, long* sizes, long* strides, long offset,
        int type, int deviceType, int deviceIndex, out nint handle, int layout, byte* metadata, long metadataSize);
}
