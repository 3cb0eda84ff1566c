using System.Text.RegularExpressions;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Hub;

/// <summary>A model or a data set on Hugging Face's hub, at a revision.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Its name, <c>ORG/NAME</c>.</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
public sealed partial record HubRepository(HubKind Kind, string Id, string Revision = HubRepository.Main)
{
    /// <summary>The revision where none is named.</summary>
    public const string Main = "main";

    /// <summary>What may stand before a name so that it cannot be a local folder's.</summary>
    public const string Prefix = "hf://";

    private const int LongestId = 96, LongestRevision = 100;   // the hub's own bound of names

    /// <summary>The name without its organisation.</summary>
    public string Name => Id[(Id.IndexOf('/') + 1)..];

    /// <summary>The organisation.</summary>
    public string Organisation => Id[..Id.IndexOf('/')];

    /// <summary>Whether the revision is a commit, which stays what it is.</summary>
    public bool IsPinned => IsCommit(Revision);

    /// <summary>The name as the user writes it.</summary>
    public string Written => Revision == Main ? Id : $"{Id}@{Revision}";

    /// <summary>How addresses and folders of the cache call the kind.</summary>
    internal string Plural => Kind == HubKind.Model ? "models" : "datasets";

    /// <summary>The kind in a sentence.</summary>
    internal string Noun => Kind == HubKind.Model ? "model" : "data set";

    /// <summary>The path of its page and its files below the endpoint.</summary>
    internal string PagePath => Kind == HubKind.Model ? Id : $"datasets/{Id}";

    /// <summary>Its folder in the cache.</summary>
    internal string CacheName => $"{Plural}--{Organisation}--{Name}";

    /// <summary>
    /// The repository that a text names: <c>ORG/NAME</c> or <c>ORG/NAME@REVISION</c>, with or without <c>hf://</c>; null where it has
    /// another form.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="kind">What it names.</param>
    public static HubRepository? Find(string text, HubKind kind)
    {
        string name = HasPrefix(text) ? text[Prefix.Length..] : text;
        string plural = kind == HubKind.Model ? "models/" : "datasets/";
        if (HasPrefix(text) && name.StartsWith(plural, StringComparison.Ordinal)) name = name[plural.Length..];
        int at = name.IndexOf('@');
        (string id, string revision) = at < 0 ? (name, Main) : (name[..at], name[(at + 1)..]);
        return IsId(id) && IsRevision(revision) ? new(kind, id, revision) : null;
    }

    /// <summary>The repository that a text with <c>hf://</c> names.</summary>
    /// <exception cref="InputException">It has another form.</exception>
    public static HubRepository Parse(string text, HubKind kind) => Find(text, kind)
        ?? throw new InputException($"{Printable.Quote(text)} names nothing on the hub: write {Prefix}ORG/NAME or "
            + $"{Prefix}ORG/NAME@REVISION.");

    /// <summary>Whether a text begins with <c>hf://</c>.</summary>
    public static bool HasPrefix(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether a text is the hash of a commit, 40 hexadecimal digits.</summary>
    internal static bool IsCommit(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    // Two hyphens part organisation and name in the cache, two dots would climb out of it.
    private static bool IsId(string id) => id.Length <= LongestId && IdForm().IsMatch(id)
        && !id.Contains("--", StringComparison.Ordinal) && !id.Contains("..", StringComparison.Ordinal);

    private static bool IsRevision(string revision) => revision.Length <= LongestRevision && RevisionForm().IsMatch(revision)
        && !revision.Contains("..", StringComparison.Ordinal);

    [GeneratedRegex(@"\A[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?/[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\z")]
    private static partial Regex IdForm();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*\z")]
    private static partial Regex RevisionForm();
}
