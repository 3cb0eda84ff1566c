using System.Text.Json.Nodes;
using Interlace.Jobs;
using Interlace.Vlm;

namespace Interlace.Runs;

/// <summary>The model that a member has opened while its leader did, for the task that may follow.</summary>
internal sealed class ReadyModel : IDisposable
{
    private LoadedModel? _model;
    private Description? _description;

    /// <summary>Opens a model. What is wrong with it is said when it is asked for, if ever.</summary>
    public void Open(Job job, JsonObject content)
    {
        Dispose();
        try
        {
            _model = job.Open((string)content["model"]!);
            _description = Description.Of(job, content);
        }
        catch (Exception e) when (e is InputException or IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>The model of a task, which belongs to the caller.</summary>
    /// <exception cref="InputException">Its folder is wrong, as seen from this rank's machine.</exception>
    public LoadedModel Take(Job job, JsonObject content)
    {
        if (_description != Description.Of(job, content)) Dispose();
        var taken = _model ?? job.Open((string)content["model"]!);
        _model = null;
        return taken;
    }

    /// <summary>Closes what nobody has asked for.</summary>
    public void Dispose()
    {
        _model?.Dispose();
        (_model, _description) = (null, null);
    }

    /// <summary>All that <see cref="Job.Open"/> depends on.</summary>
    private sealed record Description(string Folder, string Device, string Type, int? MaxPixels)
    {
        public static Description Of(Job job, JsonObject content) => new((string)content["model"]!, (string)content["device"]!,
            (string)content["dtype"]!, job.Experiment.Data!.MaxPixels);
    }
}
