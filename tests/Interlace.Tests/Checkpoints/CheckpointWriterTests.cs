using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public class CheckpointWriterTests
{
    private static readonly TensorSource[] Five = [.. Enumerable.Range(0, 5).Select(i => TensorSource.FromBytes($"t.{i}", ElementType.F32, [2], new byte[8]))];

    [Fact]
    public void Shards_are_filled_in_order_and_a_larger_tensor_has_its_own() =>
        Assert.Equal(["2", "1", "2", "1"], CheckpointWriter.Split([Five[0], Five[1], TensorSource.FromBytes("big", ElementType.F32, [9], new byte[36]), .. Five[2..]], 16).Select(shard => shard.Count.ToString()));

    [Fact]
    public void Shards_are_named_and_indexed_and_empty_ones_left_out()
    {
        using var scratch = new ScratchFolder();
        CheckpointWriter.Write(scratch.At(), [[Five[3], Five[0]], [], [Five[1], Five[2], Five[4]]], new JsonObject { ["total_parameters"] = 1, ["total_size"] = 2, ["note"] = "kept" });
        Assert.Equal(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"], scratch.Entries());
        File.WriteAllText(scratch.At("config.json"), "{}");
        using var checkpoint = Checkpoint.Open(scratch.At());
        Assert.Equal(5, checkpoint.Names.Count);
        Assert.Equal("model-00001-of-00002.safetensors", Path.GetFileName(checkpoint.Find("t.3").File.Path));
        Assert.Equal("""{"total_parameters":10,"total_size":40,"note":"kept"}""", StrictJson.ReadObject(scratch.At("model.safetensors.index.json"))["metadata"]!.ToJsonString());
    }

    [Fact]
    public void A_single_shard_has_no_index()
    {
        using var scratch = new ScratchFolder();
        CheckpointWriter.Write(scratch.At(), [Five]);
        Assert.Equal(["model.safetensors"], scratch.Entries());
    }

    [Fact]
    public void Writing_reports_every_byte()
    {
        using var scratch = new ScratchFolder();
        var progress = new Sum();
        CheckpointWriter.Write(scratch.At(), [Five[..2], Five[2..]], written: progress);
        Assert.Equal(40, progress.Bytes);
    }

    [Fact]
    public void Shards_written_at_once_have_the_bytes_of_one_after_the_other()
    {
        using var scratch = new ScratchFolder();
        static TensorSource Bytes(int i, int j) => TensorSource.FromBytes($"t.{i}.{j}", ElementType.U8, [999],
            Enumerable.Range(0, 999).Select(k => (byte)(i + j + k)).ToArray());
        TensorSource[][] shards = [.. Enumerable.Range(0, 7).Select(i => Enumerable.Range(0, 3).Select(j => Bytes(i, j)).ToArray())];
        CheckpointWriter.Write(scratch.At(), shards);
        foreach (var (i, shard) in shards.Index())
        {
            SafeTensorsWriter.Write(scratch.At("alone"), shard);
            string written = scratch.At(CheckpointWriter.FileName(i, shards.Length));
            Assert.Equal(File.ReadAllBytes(scratch.At("alone")), File.ReadAllBytes(written));
        }
    }

    [Fact]
    public void What_one_shard_throws_comes_out_as_it_is()
    {
        using var scratch = new ScratchFolder();
        var damaged = new TensorSource("t", ElementType.F32, [2], (_, _) => throw new InputException("The file ends within tensor t."));
        var thrown = Assert.Throws<InputException>(() => CheckpointWriter.Write(scratch.At(), [Five[..2], [damaged], Five[2..]]));
        Assert.Equal("The file ends within tensor t.", thrown.Message);
    }

    [Fact]
    public void Writing_ends_where_it_is_called_off()
    {
        using var scratch = new ScratchFolder();
        using var cancel = new CancellationTokenSource();
        var last = new TensorSource("t", ElementType.F32, [2], (_, token) =>
        {
            cancel.Cancel();
            token.ThrowIfCancellationRequested();
        });
        Assert.ThrowsAny<OperationCanceledException>(() =>
            CheckpointWriter.Write(scratch.At(), [[last, Five[0]], [.. Five[1..]], [last]], cancel: cancel.Token));
        Assert.False(File.Exists(scratch.At(Checkpoint.IndexName)));
    }

    private sealed class Sum : IProgress<long>
    {
        private long _bytes;

        public long Bytes => _bytes;

        public void Report(long value) => Interlocked.Add(ref _bytes, value);
    }
}
