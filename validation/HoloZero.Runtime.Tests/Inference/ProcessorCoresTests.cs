using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

public sealed class ProcessorCoresTests : IDisposable
{
    private readonly TemporaryFolder _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("0-3", "0|1|2|3", 4, 4)]
    [InlineData("0-7", "0,4|1,5|2,6|3,7|0,4|1,5|2,6|3,7", 8, 4)]
    [InlineData("0-7", "0-1|0-1|2-3|2-3|4-5|4-5|6-7|6-7", 8, 4)]
    // Three cores with two hardware threads and two with one.
    [InlineData("0-7", "0-1|0-1|2-3|2-3|4-5|4-5|6|7", 8, 5)]
    public void Hardware_threads_of_a_core_count_once(string allowed, string siblings, int processors, int expected) =>
        AssertCores(expected, "physical cores of this process's processors", allowed, siblings, processors);

    [Theory]
    [InlineData("0,4", 2, 1)]
    [InlineData("0-2,5", 4, 3)]
    [InlineData("0-3", 4, 4)]
    [InlineData(" 7\n", 1, 1)]
    public void Only_processors_that_the_affinity_allows_count(string allowed, int processors, int expected) =>
        AssertCores(expected, "physical cores of this process's processors", allowed, "0,4|1,5|2,6|3,7|0,4|1,5|2,6|3,7", processors);

    [Fact]
    public void Processors_that_are_offline_or_only_possible_have_no_core() =>
        AssertCores(2, "physical cores of this process's processors", "0-127", "0-1|0-1||4|", 3);

    [Fact]
    public void A_cpu_limit_below_the_cores_is_the_bound() =>
        AssertCores(3, "the CPU limit of this process, which has 8 physical cores", "0-7", "0|1|2|3|4|5|6|7", 3);

    [Theory]
    [InlineData("0-3", "")]
    [InlineData(null, "0|1|2|3")]
    [InlineData("", "0|1|2|3")]
    [InlineData("0-x", "0|1|2|3")]
    [InlineData("0--3", "0|1|2|3")]
    [InlineData("0-99999999999", "0|1|2|3")]
    [InlineData("0-2147483647", "0|1|2|3")]
    public void Where_the_kernel_does_not_tell_it_is_the_processors(string? allowed, string siblings) =>
        AssertCores(6, "processors of this process; their cores are not known here", allowed, siblings, 6);

    [Fact]
    public void An_empty_machine_is_no_error() =>
        Assert.Equal(new(5, "processors of this process; their cores are not known here"), ProcessorCores.Detect(_machine.Path, 5));

    [Fact]
    public void This_machine_has_at_least_one_core_and_no_more_than_processors() =>
        Assert.InRange(ProcessorCores.Detect().Count, 1, Environment.ProcessorCount);

    /// <param name="siblings">By processor, what <c>thread_siblings_list</c> says; nothing for one that is offline.</param>
    private void AssertCores(int expected, string source, string? allowed, string siblings, int processors)
    {
        Write("proc/self/status", allowed is null ? "Name:\ttest\n" : $"Name:\ttest\nCpus_allowed:\tff\nCpus_allowed_list:\t{allowed}\n");
        foreach (var (processor, list) in siblings.Split('|').Index())
        {
            if (list.Length > 0) Write($"sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list", list + "\n");
            else Directory.CreateDirectory(Path.Combine(_machine.Path, $"sys/devices/system/cpu/cpu{processor}"));
        }

        Assert.Equal(new(expected, source), ProcessorCores.Detect(_machine.Path, processors));
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_machine.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
