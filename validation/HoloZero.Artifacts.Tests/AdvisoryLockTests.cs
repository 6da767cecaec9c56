using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>One at a time, until it lets go; and nothing stays open of those who came in vain.</summary>
public sealed class AdvisoryLockTests
{
    [Fact]
    public void It_is_held_until_it_is_let_go()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the lock is Linux' own");
        using var temporary = new TemporaryFolder();
        var first = AdvisoryLock.TryTake(temporary.Path);
        Assert.NotNull(first);
        var open = Directory.GetFiles("/proc/self/fd").Length;
        for (var i = 0; i < 200; i++) Assert.Null(AdvisoryLock.TryTake(temporary.Path));
        // Others of this process open some meanwhile, but not so many.
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 1, open + 100);

        first.Dispose();
        using var second = AdvisoryLock.TryTake(temporary.Path);
        Assert.NotNull(second);
        Assert.Null(AdvisoryLock.TryTake(temporary["none"]));
    }
}
