namespace HoloZero.Models.Checkpoints;

/// <summary>Finds what has no place in the part of a checkpoint that is used. Stateless and thread-safe.</summary>
internal static class HarmlessSection
{
    /// <summary>
    /// The first unknown global that can be reached from <paramref name="section"/>, or null. Work is bounded by what the pickle made:
    /// nothing is visited twice.
    /// </summary>
    public static PickleGlobal? FirstUnknown(object? section)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var left = new Stack<object?>();
        left.Push(section);
        while (left.TryPop(out var value))
        {
            if (value is PickleGlobal { Kind: GlobalKind.Unknown } unknown) return unknown;
            // Texts, numbers and tensors hold nothing.
            if (value is not (PickleRecord or PickleDict or PickleList or PickleTuple or PickleSet) || !seen.Add(value)) continue;
            foreach (var part in Parts(value)) left.Push(part);
        }

        return null;
    }

    private static IEnumerable<object?> Parts(object value) => value switch
    {
        PickleRecord record => [record.Callee, record.State, .. record.Arguments],
        PickleDict dict => dict.Pairs.SelectMany(pair => (object?[])[pair.Key, pair.Value]),
        PickleList list => list.Items,
        PickleTuple tuple => tuple.Items,
        PickleSet set => set.Items,
        _ => [],
    };
}
