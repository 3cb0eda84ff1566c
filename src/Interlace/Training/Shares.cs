using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Which rank holds the master and the moments of each trained parameter (ZeRO: Rajbhandari et al., 2020): every rank all of them, or each
/// a share of whole tensors, about as many weights as the others have. What a rank does not hold it keeps a copy of to compute with, in the
/// type of the computation.
/// </summary>
internal sealed class Shares
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly ICollective _ranks;
    private readonly int[]? _owners;
    private readonly ScalarType[] _copies;   // by parameter

    /// <summary>Shares out parameters that are trained already; copies take the place of masters that are another rank's.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tuned">What is trained, the same on all ranks.</param>
    /// <param name="ranks">The ranks.</param>
    /// <param name="areShared">Each holds a share.</param>
    public Shares(VisionLanguageModel model, TrainedParameters tuned, ICollective ranks, bool areShared)
    {
        (_parameters, _ranks, MasterType) = (tuned.Parameters, ranks, tuned.Parameters[0].Value.dtype);
        _owners = areShared && ranks.Count > 1 ? Sharing.Out([.. _parameters.Select(p => p.Value.numel())], ranks.Count) : null;
        // A weight that a batch uses more than once, as the projector's, has gradients of each use that are added in the type of its leaf.
        var others = model.Projector.ToHashSet();
        bool isExact = model.ComputeType == ScalarType.Float32;
        _copies = [.. _parameters.Select(p => isExact || others.Contains(p) ? MasterType : model.ComputeType)];
        foreach (var (i, parameter) in _parameters.Index())
            if (!IsOwn(i)) parameter.Hold(_copies[i]);
    }

    /// <summary>Each rank holds a share.</summary>
    public bool AreShared => _owners is not null;

    /// <summary>The parameters that this rank holds.</summary>
    public IReadOnlyList<Parameter> Own => [.. _parameters.Where((_, i) => IsOwn(i))];

    /// <summary>The type of masters and of gradients.</summary>
    public ScalarType MasterType { get; }

    /// <summary>The rank that holds the i-th parameter; null where all do.</summary>
    public int? OwnerOf(int i) => _owners?[i];

    /// <summary>Whether this rank holds the i-th parameter.</summary>
    public bool IsOwn(int i) => _owners is null || _owners[i] == _ranks.Rank;

    /// <summary>L2 norm of all gradients, the same to the last bit however they are shared.</summary>
    /// <param name="own">[own] fp64: sums of squares of the gradients of <see cref="Own"/>; freed.</param>
    public double Norm(Tensor own)
    {
        using (own)
        {
            if (_owners is null) return Gradients.Norm(own);
            using var scope = NewDisposeScope();
            Tensor all = zeros(_parameters.Count, ScalarType.Float64);
            long[] places = [.. Enumerable.Range(0, _parameters.Count).Where(IsOwn).Select(i => (long)i)];
            if (places.Length > 0) all.index_copy_(0, tensor(places), own.cpu());
            _ranks.Sum(all);
            return Gradients.Norm(all);
        }
    }

    /// <summary>The most weights that one rank holds.</summary>
    public static long Largest(IReadOnlyList<Parameter> parameters, int ranks)
    {
        int[] owners = Sharing.Out([.. parameters.Select(p => p.Value.numel())], ranks);
        return Enumerable.Range(0, ranks).Max(rank => parameters.Where((_, i) => owners[i] == rank).Sum(p => p.Value.numel()));
    }

    /// <summary>Brings every rank's copies to what the masters are.</summary>
    public void Publish()
    {
        if (_owners is null) return;
        using var _ = no_grad();
        foreach (var (i, parameter) in _parameters.Index())
        {
            using var scope = NewDisposeScope();
            _ranks.Broadcast(parameter.Value.to(_copies[i]).detach(), _owners[i]);
        }
    }

    /// <summary>Brings all masters to the leader; the gradients are then gone.</summary>
    public void Gather()
    {
        if (_owners is null) return;
        using var _ = no_grad();
        foreach (var (i, parameter) in _parameters.Index())
        {
            parameter.Value.grad = null;
            if (_ranks.Rank == 0) parameter.Hold(MasterType);
            if (_owners[i] != 0) _ranks.Hand(parameter.Value, _owners[i], to: 0);
        }
    }
}
