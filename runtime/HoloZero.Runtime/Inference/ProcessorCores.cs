using System.Globalization;

namespace HoloZero.Runtime;

/// <summary>
/// How many cores this process may compute on. Two hardware threads of one core share its arithmetic units and caches, so matrix
/// products gain nothing from a thread on each of them. Immutable.
/// </summary>
/// <param name="Count">Cores, at least 1: what one call computes with unless told otherwise.</param>
/// <param name="Source">Where the number comes from, in words.</param>
public sealed record ProcessorCores(int Count, string Source)
{
    private const string Status = "proc/self/status", AllowedField = "Cpus_allowed_list:";

    // Far more than any kernel counts; a range beyond it is no list of processors.
    private const int MaxProcessor = 1 << 16;

    /// <summary>
    /// The cores behind the processors that this process's affinity allows, as Linux tells them, but no more than
    /// <see cref="Environment.ProcessorCount"/>, which knows a container's CPU limit too; elsewhere that number itself.
    /// </summary>
    public static ProcessorCores Detect() => Detect("/", Environment.ProcessorCount);

    /// <param name="root">The folder where <c>sys</c> and <c>proc</c> are.</param>
    /// <param name="processors">Processors that affinity and CPU limit leave to this process.</param>
    internal static ProcessorCores Detect(string root, int processors)
    {
        if (PhysicalCores(root) is not { } cores) return new(processors, "processors of this process; their cores are not known here");
        return cores <= processors
            ? new(cores, "physical cores of this process's processors")
            : new(processors, $"the CPU limit of this process, which has {cores} physical cores");
    }

    private static int? PhysicalCores(string root)
    {
        try
        {
            var allowed = File.ReadLines(Path.Combine(root, Status))
                .FirstOrDefault(line => line.StartsWith(AllowedField, StringComparison.Ordinal));
            if (allowed is null) return null;
            var cores = new HashSet<string>(StringComparer.Ordinal);
            foreach (var processor in Listed(allowed[AllowedField.Length..]))
            {
                // A processor that is allowed but offline, or only possible, has no topology.
                var siblings = Path.Combine(root, FormattableString.Invariant(
                    $"sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list"));
                if (File.Exists(siblings)) cores.Add(File.ReadAllText(siblings).Trim());
            }

            return cores.Count > 0 ? cores.Count : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>The numbers of a list as the kernel writes it: <c>0-3,8,10-11</c>.</summary>
    private static IEnumerable<int> Listed(string list)
    {
        foreach (var range in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-', 2);
            var (first, last) = (Number(ends[0]), Number(ends[^1]));
            for (var processor = first; processor <= last; processor++) yield return processor;
        }

        static int Number(string text) =>
            int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) is var number and <= MaxProcessor
                ? number : throw new FormatException(text);
    }
}
