namespace HoloZero.Artifacts.Tests;

public class BindingDonorTests
{
    [Theory]
    [InlineData("abc", 0, 1)]
    [InlineData("aab", 0, 2)]
    [InlineData("baab", 2, 3)]
    [InlineData("abbb", 3, 0)]
    [InlineData("bbab", 3, 2)]
    [InlineData("aaa", 1, null)]
    [InlineData("a", 0, null)]
    public void The_next_window_around_with_another_caption_gives_its_sound(string captions, int own, int? donor) =>
        Assert.Equal(donor, BindingDonor.Of(own, captions.Length, window => new[] { (byte)captions[window] }));
}
