using System.Net;

namespace Interlace.Vlm.Hub;

/// <summary>What an answer of the hub means for the user, in one sentence.</summary>
internal static class HubRefusal
{
    /// <summary>The sentence.</summary>
    /// <param name="answer">An answer that is no success.</param>
    /// <param name="repository">What was asked for.</param>
    /// <param name="settings">Who asked, and where.</param>
    public static string Of(HttpResponseMessage answer, HubRepository repository, HubSettings settings)
    {
        string code = answer.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.First() : "";
        string host = settings.Endpoint.GetLeftPart(UriPartial.Authority), page = $"{host}/{repository.PagePath}";
        string them = $"the {repository.Noun} {repository.Id}";
        return (code, (int)answer.StatusCode) switch
        {
            ("GatedRepo", _) when !settings.HasToken =>
                $"The {repository.Noun} {repository.Id} is gated: accept its terms at {page}, and give a token of that account in "
                    + $"HF_TOKEN.",
            ("GatedRepo", _) => $"The {repository.Noun} {repository.Id} is gated and the token's account may not read it: accept its "
                + $"terms at {page}, "
                + "and look whether access was granted and whether the token may read gated repositories.",
            ("RevisionNotFound", _) => $"{repository.Id} has no revision {repository.Revision}: the revisions are listed at {page}.",
            ("EntryNotFound", _) => $"A file of {repository.Written} that the hub lists is not there: give the command again.",
            ("RepoNotFound", _) or (_, 404) or (_, 401) when !settings.HasToken =>
                $"There is no {repository.Noun} {repository.Id} at {host}, or it is private: look at the name, and give a token in "
                    + $"HF_TOKEN "
                + "if it is private.",
            ("RepoNotFound", _) or (_, 404) =>
                $"There is no {repository.Noun} {repository.Id} at {host}, or the token's account may not read it: look at the name.",
            (_, 401) => $"{host} does not know the token (HF_TOKEN, or the file token in HF_HOME): take another, or none.",
            (_, 403) => $"{host} does not give {them} to this account: look at {page}.",
            (_, 429) => $"{host} asks for fewer requests, and still does after several pauses: give the same command again later"
                + (settings.HasToken ? "." : ", or a token in HF_TOKEN, with which more are allowed."),
            (_, >= 500) => $"{host} fails with {(int)answer.StatusCode} ({Name(answer.StatusCode)}), and still does after several pauses: "
                + "give the same command again later; what was fetched is kept.",
            _ => $"{host} answers {(int)answer.StatusCode} ({Name(answer.StatusCode)}) where {them} is asked for: look at HF_ENDPOINT.",
        };
    }

    /// <summary>The sentence for a file that lies elsewhere.</summary>
    /// <param name="answer">An answer that is no success.</param>
    /// <param name="address">What was asked for.</param>
    public static string Of(HttpResponseMessage answer, Uri address) =>
        $"{address.GetLeftPart(UriPartial.Path)} answers {(int)answer.StatusCode} ({Name(answer.StatusCode)}): "
            + "look whether the file has moved, and name a mirror, or fetch it by hand.";

    private static string Name(HttpStatusCode status) => Enum.IsDefined(status) ? status.ToString() : "no known answer";
}
