using HoloZero.Mutants.Tests.Faults;
using HoloZero.Runtime;
using HoloZero.Testing;

namespace HoloZero.Mutants.Tests;

/// <summary>The test of the tests: validation passes sound artifacts and convicts each of those with one planted fault.</summary>
public class MutantTests(MutantSummary summary, ITestOutputHelper output) : IClassFixture<MutantSummary>
{
    public static TheoryData<string> Names { get; } = [.. Mutants.All.Select(mutant => mutant.Name)];

    public static TheoryData<string, string> SoundModels { get; } = [.. Models.Keys.Select(name => (name, "portable")),
        .. Mutants.All.Select(mutant => (mutant.Model.ToString(), mutant.Variant)).Where(pair => pair.Variant != "portable").Distinct()];

    private static Dictionary<string, SoundModel> Models =>
        new[]
        {
            SoundModel.Tiny, SoundModel.TinyBidirectional, SoundModel.TinyRestarted, SoundModel.TinyOrigin, SoundModel.TinyOtherwise,
            SoundModel.Faint, SoundModel.Projected, SoundModel.Embedded, SoundModel.Permuted, SoundModel.LearnedTable,
        }.ToDictionary(model => model.ToString());

    [Theory]
    [MemberData(nameof(Names))]
    public void A_planted_fault_is_caught_by_a_check_whose_business_it_is(string name)
    {
        var mutant = Mutants.All.Single(mutant => mutant.Name == name);
        using var folder = new TemporaryFolder();
        Workbench.Export(mutant.Model, mutant.Plant, folder["artifact"], mutant.Variant);
        AssertRuns(folder["artifact"]);

        var verdict = summary.Add(mutant, Workbench.Validate(mutant.Model, folder["artifact"]));
        output.WriteLine(verdict.ToString());
        Assert.True(mutant.ExpectedChecks.Intersect(verdict.CaughtBy).Any(),
            $"{verdict}{Environment.NewLine}It has to fail one of: {string.Join(", ", mutant.ExpectedChecks)}.");
    }

    [Theory]
    [MemberData(nameof(SoundModels))]
    public void A_sound_artifact_passes_every_check(string model, string variant)
    {
        using var folder = new TemporaryFolder();
        Workbench.Export(Models[model], Plant.Nothing, folder["artifact"], variant);

        var report = Workbench.Validate(Models[model], folder["artifact"]);
        Assert.True(report.Passed, string.Join(Environment.NewLine, report.Checks.Where(check => !check.Passed).SelectMany(check =>
            check.Misses.Select(miss => $"{check.Check} {check.Subject}: {miss.Position} is {miss.Actual}, expected {miss.Expected}"))));
    }

    [Fact]
    public void Planting_changes_nothing_but_the_fault()
    {
        using var folder = new TemporaryFolder();
        foreach (var (name, plant) in new[] { ("sound", Plant.Nothing), ("faultless", Plant.InOperations(_ => new Faultless())) })
            Workbench.Export(SoundModel.Tiny, plant, folder[name]);

        foreach (var file in Directory.GetFiles(folder["sound"]).Select(Path.GetFileName))
            Assert.Equal(File.ReadAllBytes(folder["sound", file!]), File.ReadAllBytes(folder["faultless", file!]));
    }

    [Fact]
    public void The_rewritten_memory_is_sound_without_its_faults()
    {
        using var folder = new TemporaryFolder();
        Workbench.Export(SoundModel.Faint, Plant.InOperations(_ => new FaultyMemory(MemoryFault.None)), folder["artifact"]);

        var report = Workbench.Validate(SoundModel.Faint, folder["artifact"]);
        Assert.DoesNotContain(report.Checks, check => !check.Passed);
    }

    [Fact]
    public void Names_are_unique() => Assert.Equal(Mutants.All.Count, Mutants.All.Select(mutant => mutant.Name).Distinct().Count());

    /// <summary>A mutant that does not even run convicts nothing but itself.</summary>
    private static void AssertRuns(string folder)
    {
        using var model = HoloZeroModel.Load(folder, new() { VerifyHashes = false, Threads = 1 });
        using var session = model.OpenSession();
        var prefix = new byte[3 * model.SlotBytes];
        foreach (var logit in session.Prefill(prefix, "run"u8).Data) Assert.True(float.IsFinite(logit));
        foreach (var logit in session.Step((byte)'s')) Assert.True(float.IsFinite(logit));
    }
}
