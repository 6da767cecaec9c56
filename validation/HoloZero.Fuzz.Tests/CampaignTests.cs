using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Fuzz.Tests;

/// <summary>Each way to break the property is found, in a reader that breaks it for inputs with a certain byte in them.</summary>
public sealed class CampaignTests
{
    private const byte Evil = (byte)'!';

    [Fact]
    public void A_reader_that_keeps_the_property_is_left_in_peace()
    {
        var campaign = Attack(input =>
        {
            if (input.Contains(Evil)) throw new BadInputException("file", "it is evil", "use another");
        }, out var findings);
        Assert.Empty(findings);
        Assert.True(campaign.Attempts is { Read: > 100, Refused: > 10 });
    }

    [Fact]
    public void Another_exception_is_found_once_and_its_input_shrunk()
    {
        Attack(input => _ = input.Contains(Evil) ? input[input.Length] : 0, out var findings);
        var finding = Assert.Single(findings);
        Assert.StartsWith(nameof(IndexOutOfRangeException), finding.Kind);
        Assert.Equal([Evil], finding.Input);
    }

    [Theory]
    [InlineData("\u001b[31m", "control")]
    [InlineData("long", "characters")]
    public void A_message_unfit_to_print_is_found(string text, string what)
    {
        // The library escapes both; an exception of a fixed message stands for a reader that goes around it.
        var refusal = new UnfitMessageException(what, new BadInputException("file", text, "use another"));
        Attack(input =>
        {
            if (input.Contains(Evil)) throw refusal;
        }, out var findings);
        Assert.Contains(what, Assert.Single(findings).Kind);
    }

    [Fact]
    public void Too_much_memory_is_found()
    {
        Attack(input => GC.KeepAlive(input.Contains(Evil) ? new byte[2 << 20] : input), out var findings);
        Assert.Equal(Finding.Memory, Assert.Single(findings).Kind);
    }

    [Fact]
    public void A_hang_is_found_with_the_input_as_it_was()
    {
        using var never = new ManualResetEventSlim();
        Attack(input =>
        {
            if (input.Contains(Evil)) never.Wait(TestContext.Current.CancellationToken);
        }, out var findings, TimeSpan.FromSeconds(2));
        var finding = Assert.Single(findings);
        Assert.Equal(Finding.Hang, finding.Kind);
        Assert.Contains(Evil, finding.Input);
        never.Set();
    }

    [Fact]
    public void The_seed_decides_the_inputs()
    {
        Assert.Equal(Inputs(1), Inputs(1));
        Assert.NotEqual(Inputs(1), Inputs(2));

        static List<string> Inputs(int seed)
        {
            var inputs = new List<string>();
            Attack(input => inputs.Add(Convert.ToHexString(input)), out _, seed: seed);
            return inputs;
        }
    }

    private static Campaign Attack(Action<byte[]> read, out IReadOnlyCollection<Finding> findings, TimeSpan? deadline = null, int seed = 1)
    {
        using var folder = new TemporaryFolder();
        var target = new FuzzTarget
        {
            Name = "made",
            Seeds = ["a sound input"u8.ToArray()],
            Mutate = new Mutation.ByteMutator([[Evil]]).Mutate,
            MostAllocated = 1 << 20,
            Read = (_, input, attempts) => attempts.Try(() => read(input)),
        };
        var campaign = new Campaign(target, [], seed, folder.Path) { Deadline = deadline ?? TimeSpan.FromMinutes(1) };
        findings = campaign.Run(() => campaign.Inputs < 400);
        return campaign;
    }
}
