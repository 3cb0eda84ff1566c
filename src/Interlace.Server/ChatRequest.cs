using Interlace.Vlm.Generation;
using Interlace.Vlm.Text;

namespace Interlace.Server;

/// <summary>A request for an answer, checked.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Messages">The conversation; its i-th image part shows the i-th image.</param>
/// <param name="Images">Where each image is: a data URI or an address.</param>
/// <param name="Options">How it is answered.</param>
/// <param name="NamesLength">The request itself bounds the answer.</param>
/// <param name="NamesSeed">It has a seed of its own.</param>
/// <param name="Stops">Texts that end the answer.</param>
/// <param name="Stream">The answer is sent as it comes.</param>
/// <param name="IncludeUsage">And the numbers of tokens behind it.</param>
internal sealed record ChatRequest(string Model, IReadOnlyList<ChatMessage> Messages, IReadOnlyList<string> Images,
    GenerationOptions Options, bool NamesLength, bool NamesSeed, IReadOnlyList<string> Stops, bool Stream, bool IncludeUsage);
