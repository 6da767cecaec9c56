using System.Diagnostics;
using HoloZero.Artifacts;

namespace HoloZero.Media.Tests;

/// <summary>
/// Damaged files by the hundred, or by the ten thousand where <c>HOLOZERO_MEDIA_MUTATIONS</c> says so (<c>ci/media.sh</c>): each is read
/// or refused; the process neither ends, nor hangs, nor takes more than a gigabyte.
/// </summary>
public sealed class MutatedFileTests(MediaFixture media)
{
    private const long MostBytes = 1L << 30;

    private static int Count { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("HOLOZERO_MEDIA_MUTATIONS"), out var count) ? count : 100;

    [Theory]
    [InlineData("48x96.png")]
    [InlineData("sixteen.png")]
    [InlineData("photo.jpg")]
    [InlineData("cmyk.jpg")]
    [InlineData("photo.webp")]
    [InlineData("still.gif")]
    [InlineData("animated.gif")]
    public void Pictures(string name) => Run(name, file => media.Reader.Picture(file));

    [Theory]
    [InlineData("mono8k.wav")]
    [InlineData("tone8k.flac")]
    [InlineData("tone8k.mp3")]
    public void Sound(string name) => Run(name, file => media.Reader.Sound(file));

    private static void Run(string name, Action<byte[]> read)
    {
        var original = MediaFixture.File(name);
        var (random, refused) = (SplitMix64.Mix((ulong)name.Length), 0);
        for (var i = 0; i < Count; i++)
        {
            var file = Mutated(original, ref random);
            var watch = Stopwatch.StartNew();
            using var dog = new Timer(_ => Environment.FailFast($"mutation {i} of {name} takes more than a minute"), null,
                TimeSpan.FromMinutes(1), Timeout.InfiniteTimeSpan);
            try
            {
                read(file);
            }
            catch (BadInputException)
            {
                refused++;
            }
        }

        using var process = Process.GetCurrentProcess();
        Assert.InRange(process.PeakWorkingSet64, 1, MostBytes);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{name}: {Count - refused:N0} read, {refused:N0} refused; at most {process.PeakWorkingSet64 >> 20:N0} MiB so far");
    }

    /// <summary>Flipped, overwritten, removed and repeated bytes, a few at once, and more often than not near the beginning.</summary>
    private static byte[] Mutated(byte[] original, ref ulong random)
    {
        var file = original.ToList();
        for (var edits = Below(ref random, 4) + 1; edits > 0; edits--)
        {
            if (file.Count < 2) break;
            var at = Below(ref random, Below(ref random, 2) == 0 ? Math.Min(64, file.Count) : file.Count);
            var length = Math.Min(Below(ref random, 16) + 1, file.Count - at);
            switch (Below(ref random, 6))
            {
                case 0: file[at] ^= (byte)(1 << Below(ref random, 8)); break;
                case 1: file[at] = (byte)Below(ref random, 256); break;
                case 2: file[at] = (byte)(Below(ref random, 2) * 255); break;
                case 3: file.RemoveRange(at, length); break;
                case 4: file.InsertRange(at, file.GetRange(at, length)); break;
                default: file.RemoveRange(at, file.Count - at); break;
            }
        }

        return [.. file];
    }

    private static int Below(ref ulong random, int limit) => (int)(SplitMix64.Next(ref random) % (ulong)limit);
}
