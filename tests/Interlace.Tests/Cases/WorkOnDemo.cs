using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Evaluation;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Cases;

/// <summary>A copy of the demo's model, and small work on it.</summary>
internal sealed class WorkOnDemo : IDisposable
{
    private static readonly PruningPlan Plan = PruningPlan.Create(16, drop: [5, 9], tune: [6]);

    private readonly ScratchFolder _scratch = new();

    public WorkOnDemo() => Model = _scratch.Copy(Demo.Model, "model");

    public string Model { get; }

    public Experiment Experiment { get; } =
        new(Seed: 3, Device: "cpu", Dtype: "fp32", Data: new(Path.Combine(Demo.Root, "finevision"), Rate: 0.03, Workers: 1),
        Calibrate: new(Fraction: 0.3, BatchTokens: 512),
        Finetune: new(LearningRate: 5e-4, MaxSteps: 3, SamplesPerStep: 4, SaveEvery: 1, MicroBatchTokens: 512),
        Evaluate: new(Demo.Tables, Only: ["TinyVQA"], Limit: 4, MaxNewTokens: 4, Slots: 2));

    public string At(params string[] parts) => _scratch.At(parts);

    public string Pruned()
    {
        if (!Directory.Exists(At("pruned"))) LayerRemoval.Prune(Model, Plan, At("pruned"));
        return At("pruned");
    }

    public void Calibrate(IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var loaded = Vlm.LoadedModel.Open(Model, TorchSharp.torch.CPU, TorchSharp.torch.ScalarType.Float32,
            cancellation: cancellation);
        CalibrationStage.Run(loaded, new Job(Experiment, Demo.Fp32, Progress: progress, Cancellation: cancellation), At("calibrated"));
    }

    public TrainingRecord Tune(IProgress<StageProgress>? progress = null, CancellationToken cancellation = default) =>
        FineTuneStage.Run(Pruned(), At("tuned"), new Job(Experiment, Demo.Fp32, null, progress, cancellation));

    public void Evaluate(IProgress<StageProgress>? progress = null)
    {
        using var loaded = Vlm.LoadedModel.Open(Model, TorchSharp.torch.CPU, TorchSharp.torch.ScalarType.Float32);
        new Interlace.Evaluation.Evaluator(loaded, new Job(Experiment, Demo.Fp32, Progress: progress), At("evaluated")).Run();
    }

    /// <summary>Interrupts work at its first report.</summary>
    public static void Interrupt(Action<IProgress<StageProgress>, CancellationToken> work, string stage)
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => work(new ImmediateProgress(step => { if (step.Stage == stage) stop.Cancel(); }), stop.Token));
    }

    /// <summary>Other values of the same shapes in the same file.</summary>
    public static void ChangeWeights(string model)
    {
        string path = Path.Combine(model, "model.safetensors");
        TensorEntry entry;
        using (var file = SafeTensorsFile.Open(path))
            entry = file.Tensors.First(tensor => tensor.Name.EndsWith("layers.3.mlp.up_proj.weight", StringComparison.Ordinal));
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        byte[] bytes = new byte[entry.Bytes];
        stream.Position = entry.Offset;
        stream.ReadExactly(bytes);
        for (int i = 0; i < bytes.Length; i += 2) bytes[i] ^= 0x5A;   // low bytes: the values stay numbers
        stream.Position = entry.Offset;
        stream.Write(bytes);
    }

    /// <summary>Text entries in the header of a safetensors file set anew; null takes one away.</summary>
    public static void SetMetadata(string path, string name, string? value)
    {
        string beside = path + ".new";
        using (var file = SafeTensorsFile.Open(path))
        {
            var metadata = file.Metadata.Where(entry => entry.Key != name).ToDictionary();
            if (value is not null) metadata[name] = value;
            SafeTensorsWriter.Write(beside, file.Tensors.Select(tensor => TensorSource.FromFile(path, tensor, tensor.Name)), metadata);
        }
        File.Move(beside, path, overwrite: true);
    }

    public void Dispose() => _scratch.Dispose();
}
