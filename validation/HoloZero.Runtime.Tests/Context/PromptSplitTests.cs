using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests;

public class PromptSplitTests
{
    [Theory]
    [InlineData(1, 8, null, 0, 1)]
    [InlineData(8, 8, null, 0, 8)]
    [InlineData(9, 8, null, 1, 1)]
    [InlineData(16, 8, null, 1, 8)]
    [InlineData(17, 8, null, 2, 1)]
    [InlineData(5, 1, null, 4, 1)]
    [InlineData(28, 2, null, 13, 2)] // golden: korean_serve
    [InlineData(86, 2, null, 42, 2)] // golden: binary_serve
    [InlineData(17, 8, 0, 0, 17)]
    [InlineData(17, 8, 1, 1, 9)]
    [InlineData(17, 8, 2, 2, 1)]
    public void A_prompt_leaves_one_to_K_bytes_or_what_was_asked_for(int n, int k, int? requested, int slots, int stream)
    {
        var split = PromptSplit.Of(n, k, requested);
        Assert.Equal((slots, slots * k, stream), (split.PrefixSlots, split.PrefixBytes, split.StreamBytes));
    }

    [Theory]
    [InlineData(17, 8, 3, "prefix-slots: is 3, allowed are 0 to 2 for 17 bytes")]
    [InlineData(17, 8, 3, "; use at most 2")]
    [InlineData(1, 8, 1, "; use 0, or a longer prompt")]
    [InlineData(16, 8, 2, "prefix-slots: is 2, allowed are 0 to 1")]
    [InlineData(1, 8, 1, "prefix-slots: is 1, allowed are 0 to 0")]
    [InlineData(17, 8, -1, "prefix-slots: is -1, allowed are 0 to 2")]
    [InlineData(17, 8, int.MaxValue, "prefix-slots: is 2147483647, ")]
    public void Slots_that_leave_no_stream_are_refused(int n, int k, int requested, string cause) =>
        Assert.Contains(cause, Assert.Throws<BadInputException>(() => PromptSplit.Of(n, k, requested)).Message);

    [Fact]
    public void Before_an_origin_all_of_it_may_be_prefix()
    {
        var whole = PromptSplit.Of(16, 8, 2, hasOrigin: true);
        Assert.Equal((2, 0), (whole.PrefixSlots, whole.StreamBytes));
        Assert.Equal(1, PromptSplit.Of(16, 8, hasOrigin: true).PrefixSlots);
        Assert.Throws<BadInputException>(() => PromptSplit.Of(16, 8, 3, hasOrigin: true));
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(8, 0)]
    public void No_bytes_or_no_slot_width_is_a_programming_error(int n, int k) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => PromptSplit.Of(n, k));
}
