using System.Text;
using HoloZero.Artifacts;

namespace HoloZero.Media.Tests;

/// <summary>Windows put together, cut into slots and taken apart again.</summary>
public sealed class WindowTests(MediaFixture media)
{
    [Fact]
    public void What_is_not_given_is_mid_grey_silence_and_spaces()
    {
        var window = FilmWindow.Of(null, null, null);
        Assert.Equal([.. Enumerable.Repeat((byte)128, 256), 254, .. Enumerable.Repeat((byte)128, 256), 254,
            .. "                        "u8, 255],
            window.Bytes.ToArray());
        Assert.Equal("", window.CaptionText);
    }

    [Fact]
    public void Positions_have_names()
    {
        var film = FilmLayout.Film;
        Assert.Equal((256, 257..513, 513, 514..538, 538, 539),
            (film.SoundMark, film.Sound, film.CaptionMark, film.Caption, film.EndMark, film.Length));
        var digits = FilmLayout.Digits;
        Assert.Equal((256, 257..385, 385, 386..402, (int?)null, 402),
            (digits.SoundMark, digits.Sound, digits.CaptionMark, digits.Caption, digits.EndMark, digits.Length));
    }

    [Theory]
    [InlineData(0, 24)]
    [InlineData(256, 0)]
    [InlineData(256, -1)]
    [InlineData(2_000_000, 24)]
    public void A_layout_of_absurd_lengths_is_refused(int sound, int caption) =>
        Assert.Throws<BadInputException>(() => new FilmLayout(sound, caption));

    [Theory]
    [InlineData(8, SlotRest.Truncate, 536)]
    [InlineData(8, SlotRest.Pad, 544)]
    [InlineData(16, SlotRest.Truncate, 528)]
    [InlineData(16, SlotRest.Pad, 544)]
    [InlineData(7, SlotRest.Truncate, 539)]
    [InlineData(7, SlotRest.Pad, 539)]
    [InlineData(1000, SlotRest.Truncate, 0)]
    public void Slots_drop_the_rest_or_fill_it_with_zeros(int slotBytes, SlotRest rest, int length)
    {
        var window = FilmWindow.Of(null, null, "caption");
        var slots = window.ToSlots(slotBytes, rest);
        Assert.Equal(length, slots.Length);
        var kept = Math.Min(length, 539);
        Assert.Equal(window.Bytes[..kept].ToArray(), slots[..kept]);
        Assert.All(slots[kept..], value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_caption_may_be_cut_within_a_character_and_is_padded_with_spaces()
    {
        var window = FilmWindow.Of(null, null, "바이트는 모두 같다 정말");
        Assert.Equal(Encoding.UTF8.GetBytes("바이트는 모두 같다 정말")[..24], window.Caption.ToArray());
        Assert.EndsWith("\ufffd", window.CaptionText);
        Assert.Equal("ab      "u8.ToArray(), Caption.Fit("ab", 8));
    }

    [Fact]
    public void A_caption_that_is_no_UTF8_is_refused()
    {
        Assert.Throws<BadInputException>(() => Caption.Fit((ReadOnlySpan<byte>)[0x61, 0xFF], 8));
        Assert.Throws<BadInputException>(() => Caption.Fit("a\ud800", 8));
    }

    [Fact]
    public void Parts_come_back_as_files_that_read_the_same()
    {
        var golden = FilmWindow.Parse(MediaFixture.Golden("film.window"));
        Assert.Equal(golden.Picture.Levels.ToArray(), media.Reader.Picture(golden.Picture.ToPng()).Levels.ToArray());
        Assert.Equal(golden.Sound.Bytes.ToArray(), media.Reader.Sound(golden.Sound.ToWav()).Bytes.ToArray());
    }

    [Fact]
    public void Every_byte_comes_back_from_its_sample()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        Assert.Equal(all, new SoundWindow(all).ToSamples().Select(MuLaw.Encode));
        Assert.Equal(all, media.Reader.Sound(new SoundWindow(all).ToWav()).Bytes.ToArray());
        Assert.Equal(0, MuLaw.Decode(128));
        Assert.Equal((byte)128, MuLaw.Encode(double.NaN));
        Assert.Equal((0, 255), (MuLaw.Encode(-7.0), MuLaw.Encode(7.0)));
    }

    [Fact]
    public void A_moment_is_cut_out_and_silence_follows_the_end()
    {
        var sound = new SoundWindow([.. Enumerable.Range(0, 1000).Select(i => (byte)(i % 100))]);
        Assert.Equal(Enumerable.Range(0, 256).Select(i => (byte)((i + 800) % 100)).Take(200).Concat(Enumerable.Repeat((byte)128, 56)),
            sound.At(0.1, 256).Bytes.ToArray());
        Assert.Throws<BadInputException>(() => sound.At(0.125, 256));
        Assert.Throws<BadInputException>(() => sound.At(-0.001, 256));
        Assert.Throws<BadInputException>(() => sound.At(double.NaN, 256));
    }

    [Fact]
    public void Windows_of_another_length_are_refused()
    {
        Assert.Throws<BadInputException>(() => FilmWindow.Parse(new byte[538]));
        Assert.Throws<BadInputException>(() => FilmWindow.ParseAll("f", new byte[540]));
        Assert.Throws<BadInputException>(() => FilmWindow.ParseAll("f", []));
        Assert.Equal(2, FilmWindow.ParseAll("f", new byte[2 * 539]).Count);
        Assert.False(FilmWindow.Parse(new byte[539]).HasMarks);
        Assert.Throws<BadInputException>(() => new PictureWindow(new byte[255]));
    }

    [Fact]
    public void A_donor_gives_its_sound_and_perhaps_its_picture()
    {
        var own = FilmWindow.Of(new(Enumerable.Repeat((byte)1, 256).ToArray()), new(Enumerable.Repeat((byte)2, 256).ToArray()), "own");
        var donor = FilmWindow.Of(new(Enumerable.Repeat((byte)3, 256).ToArray()), new(Enumerable.Repeat((byte)4, 256).ToArray()), "donor");
        var heard = own.WithSensesOf(donor);
        Assert.Equal((1, 4, "own"), (heard.Bytes.Span[0], heard.Bytes.Span[257], heard.CaptionText));
        Assert.Equal(3, own.WithSensesOf(donor, picture: true).Bytes.Span[0]);
        Assert.Throws<ArgumentException>(() => own.WithSensesOf(FilmWindow.Of(null, null, null, FilmLayout.Digits)));
    }
}
