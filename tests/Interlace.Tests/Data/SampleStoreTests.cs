using Interlace.Data;
using Interlace.Vlm;

namespace Interlace.Tests.Data;

public class SampleStoreTests
{
    [Fact]
    public void Samples_come_back_as_they_were_at_any_place()
    {
        using ScratchFolder folder = new();
        Sample[] samples = [.. Samples(50)];
        using SampleStore store = SampleStore.OpenOrWrite(folder.At("samples.bin"), "key", 0, skipped => Counted(skipped, samples));
        Assert.Equal(samples.Length, store.Count);
        Assert.Equal(3, store.Skipped[SkipReason.NullText]);
        foreach (int i in SeededHash.Permutation(samples.Length, 1)) AssertSame(samples[i], store[i]);
    }

    [Fact]
    public void A_shuffled_epoch_goes_on_where_it_was_left()
    {
        using ScratchFolder folder = new();
        using SampleStore store = SampleStore.OpenOrWrite(folder.At("samples.bin"), "key", 0, _ => Samples(50));
        int[] order = SeededHash.Permutation(store.Count, 4);
        long[] whole = [.. store.Read(order).Select(sample => sample.Row)];
        Assert.Equal(order.Select(i => (long)i), whole);
        Assert.Equal(whole[17..], store.Read(order, 17).Select(sample => sample.Row));
    }

    [Fact]
    public void A_complete_store_of_the_same_key_is_used_again_and_any_other_is_written_anew()
    {
        using ScratchFolder folder = new();
        string path = folder.At("samples.bin");
        int written = 0;
        int Count(string key, int samples)
        {
            using SampleStore store = SampleStore.OpenOrWrite(path, key, 0, _ => { written++; return Samples(samples); });
            return store.Count;
        }
        Assert.Equal((5, 5, 1), (Count("one", 5), Count("one", 6), written));
        Assert.Equal((7, 2), (Count("two", 7), written));
        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 5, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Equal(7, Count("two", 7));
        }
        Assert.Equal(6, written);
    }

    [Fact]
    public void An_interrupted_writing_leaves_no_store()
    {
        using ScratchFolder folder = new();
        string path = folder.At("samples.bin");
        Assert.Throws<InputException>(() => SampleStore.OpenOrWrite(path, "key", 0, _ => Samples(5).Concat(Broken())));
        Assert.False(File.Exists(path));
        using SampleStore store = SampleStore.OpenOrWrite(path, "key", 0, _ => Samples(5));
        Assert.Equal(5, store.Count);
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_store_larger_than_the_free_space_is_not_begun()
    {
        using ScratchFolder folder = new();
        Assert.Contains("MB free: make room", Assert.Throws<InputException>(() => SampleStore.OpenOrWrite(folder.At("samples.bin"), "key", long.MaxValue, _ => Samples(1))).Message);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    internal static IEnumerable<Sample> Samples(int count) => Enumerable.Range(0, count).Select(row => new Sample("set", "shärd.parquet", row,
        [new Turn(Turn.User, $"Frage {row} — 図"), new Turn(Turn.Assistant, row % 4 == 1 ? null : "")],
        [.. Enumerable.Range(0, row % 3).Select(image => new byte[] { (byte)row, (byte)image, 255 }[..(1 + image)])],
        row % 2 == 0 ? ImagePlaces.First : ImagePlaces.Marked));

    private static IEnumerable<Sample> Counted(SkipCounts skipped, IEnumerable<Sample> samples)
    {
        foreach (Sample sample in samples)
        {
            if (sample.Row < 3) skipped.Add(SkipReason.NullText);
            yield return sample;
        }
    }

    private static IEnumerable<Sample> Broken()
    {
        yield return Samples(1).First();
        throw new InputException("The data file is broken.");
    }

    private static void AssertSame(Sample expected, Sample actual)
    {
        Assert.Equal((expected.Set, expected.Shard, expected.Row), (actual.Set, actual.Shard, actual.Row));
        Assert.Equal(expected.Turns, actual.Turns);
        Assert.Equal(expected.Images, actual.Images);
        Assert.Equal(expected.Places, actual.Places);
    }
}
