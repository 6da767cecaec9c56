using HoloZero.Artifacts;

namespace HoloZero.Models.Tests;

public class AsymDecConfigTests
{
    [Theory]
    [InlineData(0, 1, 1, 1, "dim is 0")]
    [InlineData(64, 0, 4, 2, "dec_layers is 0")]
    [InlineData(64, 2, 3, 2, "heads is 3")]
    [InlineData(66, 2, 22, 2, "heads is 22")]
    [InlineData(64, 2, 4, 3, "K is 3")]
    [InlineData(64, 2, 4, 0, "K is 0")]
    public void A_configuration_that_makes_no_network_is_refused(int dim, int layers, int heads, int k, string cause)
    {
        var error = Assert.Throws<BadInputException>(() => new AsymDecConfig(dim, layers, heads, k, source: "file.pt"));
        Assert.Contains(cause, error.Message);
        Assert.StartsWith("file.pt: ", error.Message);
    }

    [Fact]
    public void The_published_size_is_accepted() => Assert.Equal(64, new AsymDecConfig(512, 6, 8, 8).HeadWidth);
}
