using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>The hash of FIPS 180-4's example, told piece by piece, and ended where somebody wants it to end.</summary>
public sealed class FileHashTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void It_is_the_published_one()
    {
        File.WriteAllText(_temporary["abc"], "abc");
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", FileHash.Sha256(_temporary["abc"]));
    }

    [Fact]
    public void Every_piece_is_told_and_between_two_it_can_be_ended()
    {
        const int bytes = 700_000;
        File.WriteAllBytes(_temporary["large"], new byte[bytes]);
        var told = new List<int>();
        FileHash.Sha256(_temporary["large"], told.Add);
        Assert.Equal((bytes, true), (told.Sum(), told.Count > 1));

        using var cancellation = new CancellationTokenSource();
        var pieces = 0;
        Assert.Throws<OperationCanceledException>(() => FileHash.Sha256(_temporary["large"], _ =>
        {
            pieces++;
            cancellation.Cancel();
        }, cancellation.Token));
        Assert.Equal(1, pieces);
    }
}
