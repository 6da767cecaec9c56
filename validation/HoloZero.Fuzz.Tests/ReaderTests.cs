using HoloZero.Fuzz.Targets;
using HoloZero.Testing;

namespace HoloZero.Fuzz.Tests;

/// <summary>What <c>make fuzz</c> does for minutes, for a fixed number of inputs. What it once found is in the corpus.</summary>
public sealed class ReaderTests
{
    private const int Inputs = 1000;
    private static readonly string Validation = Path.Combine(Repository.Root, "validation");

    public static TheoryData<string> Targets => [.. AllTargets.Create(Validation).Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Whatever_a_file_holds_it_is_read_or_refused_in_words(string name)
    {
        using var folder = new TemporaryFolder();
        var target = AllTargets.Create(Validation).Single(target => target.Name == name);
        var campaign = new Campaign(target, AllTargets.Corpus(Validation, name), seed: 1, folder.Path);
        var findings = campaign.Run(() => campaign.Inputs < Inputs);

        Assert.All(findings, finding => Assert.Fail(
            $"{finding.Kind}: {finding.Details}\ninput: {Convert.ToBase64String(finding.Input)}"));
        // Of a configuration every key counts, so nearly every damage is refused.
        var fewest = name == "configuration" ? 2 : Inputs / 50;
        Assert.True(campaign.Attempts.Read > fewest, $"only {campaign.Attempts.Read} were read: the damage is too coarse");
        Assert.True(campaign.Attempts.Refused > Inputs / 4, $"only {campaign.Attempts.Refused} were refused: the damage does no harm");
    }

    [Fact]
    public void The_corpus_is_of_known_targets_and_small()
    {
        var folders = Directory.GetDirectories(Path.Combine(Validation, "HoloZero.Fuzz", "corpus"));
        Assert.Subset(Targets.Select(row => row.Data).ToHashSet(), folders.Select(folder => Path.GetFileName(folder)!).ToHashSet());
        Assert.InRange(folders.SelectMany(Directory.GetFiles).Sum(file => new FileInfo(file).Length), 1, 64_000);
    }
}
