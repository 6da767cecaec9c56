using SharpFuzz.Common;

namespace HoloZero.Fuzz;

/// <summary>
/// Which branches ran, where SharpFuzz instrumented the assemblies; else nothing is ever seen. The map belongs to the process, so one
/// campaign runs at a time.
/// </summary>
internal sealed class Coverage
{
    private const int MapBytes = 1 << 16;
    private static readonly byte[] Map = GC.AllocateArray<byte>(MapBytes, pinned: true);
    private readonly byte[] _seen = new byte[MapBytes];

    static unsafe Coverage() => Trace.SharedMem = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(Map, 0);

    /// <summary>Edges seen so far.</summary>
    public int Edges { get; private set; }

    /// <summary>Gives instrumented code memory to write to, which it does from its first branch on.</summary>
    public static void Attach() => Reset();

    /// <summary>Forgets the last run.</summary>
    public static void Reset()
    {
        Array.Clear(Map);
        Trace.PrevLocation = 0;
    }

    /// <summary>Takes over what ran since <see cref="Reset"/>.</summary>
    /// <returns>Whether any of it is new: an edge, or an edge taken by another power of two of times.</returns>
    public bool Merge()
    {
        var isNew = false;
        for (var at = 0; Next(ref at); at++)
        {
            var bucket = Bucket(Map[at]);
            if ((_seen[at] & bucket) != 0) continue;
            if (_seen[at] == 0) Edges++;
            _seen[at] |= bucket;
            isNew = true;
        }
        return isNew;
    }

    /// <summary>The edges of the last run that this has not seen, however often they ran.</summary>
    public HashSet<int> NewEdges()
    {
        var edges = new HashSet<int>();
        for (var at = 0; Next(ref at); at++)
        {
            if (_seen[at] == 0) edges.Add(at);
        }
        return edges;
    }

    /// <summary>Whether all of <paramref name="edges"/> ran.</summary>
    public static bool Ran(IEnumerable<int> edges) => edges.All(edge => Map[edge] != 0);

    private static bool Next(ref int at)
    {
        var step = Map.AsSpan(at).IndexOfAnyExcept((byte)0);
        at += Math.Max(step, 0);
        return step >= 0;
    }

    private static byte Bucket(byte count) => (byte)(1 << System.Numerics.BitOperations.Log2(count));
}
