using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests.Speculation;

/// <summary>Several bytes in one call are so many steps: every row's logits, and whatever comes after, bit for bit.</summary>
public sealed class CheckTests(AllVariants variants)
{
    private static readonly byte[] Text = [.. Enumerable.Range(0, 400).Select(i => (byte)(i * 29 + i / 3 + i * i / 50))];

    [Theory]
    [InlineData("fp32")]
    [InlineData("int8")]
    public void Rows_are_steps_however_many_are_committed(string variant)
    {
        using var model = variants.Load(variant);
        using var session = model.OpenSession();
        session.Prefill(Text.AsSpan(0, 16), Text.AsSpan(16, 9));
        using var block = Block(model, Text.AsSpan(0, 16), Text.AsSpan(16, 9), capacity: 512);
        using var options = OnnxEnvironment.NewRunOptions();
        var rows = block.CheckedRows;
        Assert.Equal(4, rows);
        var (at, random) = (25, new Random(7));
        for (var call = 0; at + rows < Text.Length; call++)
        {
            // Every number of right bytes, behind them wrong ones, and some rows that nobody asks for.
            var right = 1 + call % rows;
            var asked = right + random.Next(rows - right + 1);
            var bytes = Text.AsSpan(at, asked).ToArray();
            for (var i = right; i < asked; i++) bytes[i] ^= 0x55;
            var logits = block.Check(options, bytes);
            Assert.Equal(asked * ByteVocabulary.Size, logits.Length);
            for (var row = 0; row < right; row++)
            {
                Assert.True(session.Step(Text[at + row])
                    .SequenceEqual(logits.Slice(row * ByteVocabulary.Size, ByteVocabulary.Size)),
                        $"byte {at + row}, row {row} of call {call}");
            }

            block.Commit(right);
            at += right;
            if (call % 5 != 4) continue;
            // A step in between, and a check that is let go of.
            block.Check(options, [1, 2, 3]);
            Assert.True(session.Step(Text[at]).SequenceEqual(block.Step(options, Text.AsSpan(at, 1))), $"step {at}");
            at++;
        }
    }

    [Fact]
    public void There_is_none_without_room_and_none_where_nobody_asked()
    {
        using var model = variants.Load("fp32");
        using var block = Block(model, [], Text.AsSpan(0, 9), capacity: 12);
        using var options = OnnxEnvironment.NewRunOptions();
        Assert.Equal(0, block.CheckedRows);
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Check(options, [1]).Length);

        using var plain = HoloZeroModel.Load(model.Artifact.Path, new() { Variant = "fp32", Speculation = false });
        using var without = plain.Graph.States.RentBlock(1, 64);
        Assert.Equal(0, without.CheckedRows);

        using var exact = variants.Load("int4");
        Assert.Null(exact.Graph.Check);
    }

    [Fact]
    public void Its_memory_is_counted_and_given_back()
    {
        using var model = variants.Load("fp32");
        var store = model.Graph.States;
        using (var block = Block(model, [], Text.AsSpan(0, 9), capacity: 64))
        {
            var before = store.UsedBytes;
            using var options = OnnxEnvironment.NewRunOptions();
            block.Check(options, [1, 2]);
            Assert.Equal(RowCheck.BytesFor(store.Layout, 4), store.UsedBytes - before);
        }

        Assert.Equal(0, store.UsedBytes);
    }

    private static IStateBlock Block(HoloZeroModel model, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, int capacity)
    {
        using var options = OnnxEnvironment.NewRunOptions();
        using var state = model.Graph.States.Rent(capacity);
        state.Advance(options, prefix, stream, new float[stream.Length * ByteVocabulary.Size], CancellationToken.None);
        var block = model.Graph.States.RentBlock(3, capacity);
        block.Put(0, state);
        return block;
    }
}
