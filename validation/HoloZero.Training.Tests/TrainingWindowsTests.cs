using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training.Tests;

/// <summary>Windows of films as prefix and stream.</summary>
public class TrainingWindowsTests
{
    private const int Bytes = 5, SlotBytes = 2, FilmWindows = 3;

    private static readonly TrainingOptions Options = new()
    {
        Steps = 1000,
        BatchSize = 4,
        HeldOutShare = 0.3,
        Seed = 5,
        Windows = new(Bytes, FilmWindows),
    };

    // Each byte of a window is its number.
    private static readonly byte[] Films = [.. Enumerable.Range(0, 12 * Bytes).Select(i => (byte)(i / Bytes))];

    [Fact]
    public void A_window_comes_before_the_next_of_its_film_and_the_last_films_are_held_out()
    {
        var windows = new TrainingWindows(Films, Options);
        Assert.Equal((4, 4), (windows.TrainingPairs, windows.HeldOutPairs));
        var seen = new SortedSet<int>();
        for (var step = 0; step < 100; step++)
        {
            var batch = windows.Batch(Options, SlotBytes, step);
            Require(batch);
            seen.UnionWith(batch.Targets.Select(value => (int)value));
        }

        Assert.Equal([1, 2, 4, 5], seen);
        var held = windows.HeldOut(Options, SlotBytes).ToArray();
        Assert.All(held, Require);
        Assert.Equal([7, 8, 10, 11], held.SelectMany(batch => batch.Targets).Distinct().Select(value => (int)value));

        static void Require(WindowBatch batch)
        {
            // Of five bytes in slots of two the last is dropped; of the stream all but the first byte is learned.
            Assert.Equal((4, 4, 4),
                (batch.Prefix.Length / batch.Rows, batch.Stream.Length / batch.Rows, batch.Targets.Length / batch.Rows));
            for (var row = 0; row < batch.Rows; row++)
                Assert.Equal(batch.Targets[row * 4], batch.Prefix[row * 4] + 1);
            Assert.Equal(batch.Targets, batch.Stream.Select(value => (short)value));
        }
    }

    [Fact]
    public void Slots_are_filled_up_and_an_origin_goes_before_the_stream_where_that_is_asked_for()
    {
        var options = Options with
        {
            Reading = new(StreamOrigin: StreamOrigin.Zero),
            Windows = new(Bytes, FilmWindows, PadSlots: true),
            BatchSize = 1,
        };
        var batch = new TrainingWindows(Films, options).Batch(options, SlotBytes, 0);
        var (before, own) = (batch.Prefix[0], (byte)batch.Targets[0]);
        Assert.Equal([before, before, before, before, before, 0], batch.Prefix);
        Assert.Equal([0, own, own, own, own], batch.Stream);
        Assert.Equal([own, own, own, own, own], batch.Targets.Select(value => (byte)value));
    }

    [Fact]
    public void Text_behind_an_origin_is_learned_from_its_first_byte_on()
    {
        byte[] text = [.. Enumerable.Range(1, 200).Select(i => (byte)i)];
        var options = Options with
        {
            PrefixSlots = 0,
            StreamBytes = 4,
            Reading = new(StreamOrigin: StreamOrigin.Zero),
            BatchSize = 1,
            Windows = null,
        };
        var batch = new TrainingText([text], [], options, SlotBytes).Batch(options, SlotBytes, 3);
        var first = batch.Targets[0];
        Assert.Equal([0, (byte)first, (byte)(first + 1), (byte)(first + 2)], batch.Stream);
        Assert.Equal([first, (short)(first + 1), (short)(first + 2), (short)(first + 3)], batch.Targets);
    }

    [Fact]
    public void Steps_take_windows_or_text_in_the_share_that_is_asked_for()
    {
        byte[] text = [.. Enumerable.Repeat((byte)200, 1000)];
        var options = Options with { PrefixSlots = 1, StreamBytes = 4, Windows = new(Bytes, FilmWindows, Share: 0.25) };
        var mixed = new MixedTraining(new([text], [], options, SlotBytes), new(Films, options));
        var ofWindows = Enumerable.Range(0, 1000).Count(step => mixed.Batch(options, SlotBytes, step).Targets[0] != 200);
        Assert.InRange(ofWindows, 200, 300);
        Assert.Contains(mixed.HeldOut(options, SlotBytes), batch => batch.Targets[0] == 200);
        Assert.Contains(mixed.HeldOut(options, SlotBytes), batch => batch.Targets[0] != 200);
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(11, 3)]
    [InlineData(60, 5)]
    public void What_is_no_films_is_refused(int bytes, int filmWindows) =>
        Assert.Equal("windows", Assert.Throws<BadInputException>(() =>
            new TrainingWindows(new byte[bytes], Options with { Windows = new(Bytes, filmWindows) })).Where);

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        foreach (var windows in (WindowTraining[])[new(1), new(70_000), new(5, 1), new(5, 3, Share: 1.5), new(5, 3, Share: double.NaN)])
            Assert.Throws<BadInputException>((Options with { Windows = windows }).Validate);
    }
}
