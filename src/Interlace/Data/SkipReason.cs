using System.Collections;

namespace Interlace.Data;

/// <summary>Why a drawn row gives no sample: the names under which it is counted.</summary>
public static class SkipReason
{
    /// <summary>More images than the paper keeps (3).</summary>
    public const string TooManyImages = "too many images";

    /// <summary>More turns than the paper keeps (5).</summary>
    public const string TooManyTurns = "too many turns";

    /// <summary>The conversation is null or empty.</summary>
    public const string NoTurns = "no turns";

    /// <summary>Nobody answers.</summary>
    public const string NoAnswer = "no answer";

    /// <summary>A question or an answer is null.</summary>
    public const string NullText = "null text";

    /// <summary>A question or an answer is not UTF-8.</summary>
    public const string InvalidText = "invalid text";

    /// <summary>A message has a role that no chat template knows.</summary>
    public const string UnknownRole = "unknown role";

    /// <summary>The texts have places for more or for fewer images than there are.</summary>
    public const string PlacesOfImages = "images without places or places without images";

    /// <summary>An image is null, or only a path without its bytes.</summary>
    public const string MissingImage = "missing image";

    /// <summary>An image is named by a path that leads out of its table's folder, by itself or by links.</summary>
    public const string ForeignImage = "image outside its folder";

    /// <summary>An image is named by the path of a pipe, a device or a folder, or of a file that may not be read.</summary>
    public const string UnreadableImage = "unreadable image";

    /// <summary>The bytes of an image are not a complete image file.</summary>
    public const string UndecodableImage = "undecodable image";

    /// <summary>An image has more bytes than are read, more pixels than are decoded, or far more than its bytes can mean.</summary>
    public const string TooLargeImage = "too large image";

    /// <summary>An image is named by an address of the network; nothing is fetched.</summary>
    public const string RemoteImage = "remote image";

    /// <summary>A row of a JSON file is no JSON, has not the members of its format, or a part that is neither text nor image.</summary>
    public const string MalformedRow = "malformed row";

    /// <summary>A row of a JSON file has more bytes than are read.</summary>
    public const string TooLargeRow = "too large row";

    /// <summary>The authors' preparation fails at the row.</summary>
    public const string FailsInPreparation = "fails in the authors' preparation";

    /// <summary>The row stands behind one of its set at which the authors' preparation fails.</summary>
    public const string BehindFailure = "behind a row that fails";

    /// <summary>A plain text has no answers, and these alone are trained on.</summary>
    public const string TextWithoutAnswers = "plain text while answers are trained";

    /// <summary>The model reads text alone.</summary>
    public const string ImageForTextModel = "image for a text model";

    /// <summary>The processor refuses the sample (an extreme aspect ratio, say).</summary>
    public const string NotEncodable = "not encodable";

    /// <summary>More tokens than <c>max_tokens</c>.</summary>
    public const string TooLong = "too long";
}
