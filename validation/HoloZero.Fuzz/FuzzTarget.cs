namespace HoloZero.Fuzz;

/// <summary>Varies an input.</summary>
/// <param name="random">The only source of chance.</param>
/// <param name="input">The input, which stays as it is.</param>
/// <param name="other">Another one of the same kind, to take pieces from.</param>
public delegate byte[] Mutator(Random random, byte[] input, byte[] other);

/// <summary>A reader of files that others wrote, with what it takes to attack it. Immutable.</summary>
public sealed record FuzzTarget
{
    /// <summary>Its name: of its folder in the corpus, and in options and reports.</summary>
    public required string Name { get; init; }

    /// <summary>Inputs to begin with, sound ones among them.</summary>
    public required IReadOnlyList<byte[]> Seeds { get; init; }

    /// <summary>Damage that knows the format.</summary>
    public required Mutator Mutate { get; init; }

    /// <summary>
    /// Reads an input, of which it may write files into the folder, an empty one the first time and the same for all inputs. Each way to
    /// read it goes through <see cref="Attempts"/>; whatever it throws itself is a finding.
    /// </summary>
    public required Action<string, byte[], Attempts> Read { get; init; }

    /// <summary>Bytes of managed memory that reading one input may allocate, all in all.</summary>
    public required long MostAllocated { get; init; }
}
