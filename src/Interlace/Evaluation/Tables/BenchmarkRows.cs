using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Evaluation.Tables;

/// <summary>The content of a file of benchmark rows.</summary>
internal sealed record BenchmarkRows(IReadOnlyList<Benchmark> Benchmarks);
