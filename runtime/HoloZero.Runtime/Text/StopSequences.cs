using System.Text;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// The byte sequences that end a generation, prepared for <see cref="StopSequenceMatcher"/>. Immutable and safe for
/// concurrent use: many matchers share one.
/// </summary>
public sealed class StopSequences
{
    /// <summary>The most sequences.</summary>
    public const int MaxCount = 64;

    /// <summary>The most bytes of a sequence.</summary>
    public const int MaxLength = 1_024;

    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[][] _sequences;
    private readonly int[][] _borders;

    /// <summary>Prepares <paramref name="sequences"/>, which are copied.</summary>
    /// <param name="sequences">0 to 64 sequences of 1 to 1,024 bytes. Of equal ones the first is reported.</param>
    /// <param name="includeInOutput">Whether a stop sequence belongs to the output that it ends. The default is that it does not.</param>
    /// <exception cref="BadInputException">There are too many sequences, or one is empty or too long.</exception>
    public StopSequences(IEnumerable<ReadOnlyMemory<byte>> sequences, bool includeInOutput = false)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        _sequences = [.. sequences.Take(MaxCount + 1).Select(s => s.ToArray())];
        if (_sequences.Length > MaxCount)
            throw new BadInputException("stop", $"there are more than {MaxCount} stop sequences", $"give at most {MaxCount}");
        for (var i = 0; i < _sequences.Length; i++)
        {
            if (_sequences[i].Length is 0 or > MaxLength)
            {
                throw new BadInputException("stop",
                    $"stop sequence {i + 1} has {_sequences[i].Length} bytes, allowed are 1 to {MaxLength}", "correct it or leave it out");
            }
        }

        _borders = [.. _sequences.Select(s => Borders(s))];
        IncludeInOutput = includeInOutput;
    }

    /// <summary>No stop sequence: nothing is ever withheld.</summary>
    public static StopSequences None { get; } = new([]);

    /// <summary>How many sequences there are.</summary>
    public int Count => _sequences.Length;

    /// <summary>Whether a stop sequence belongs to the output that it ends.</summary>
    public bool IncludeInOutput { get; }

    /// <summary>Sequence <paramref name="index"/>, in the order given.</summary>
    public ReadOnlyMemory<byte> this[int index] => _sequences[index];

    /// <summary>The UTF-8 bytes of <paramref name="texts"/> as stop sequences; limits are in bytes.</summary>
    /// <inheritdoc cref="StopSequences(IEnumerable{ReadOnlyMemory{byte}}, bool)"/>
    public static StopSequences FromText(IEnumerable<string> texts, bool includeInOutput = false)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return new(texts.Select(Encode), includeInOutput);

        static ReadOnlyMemory<byte> Encode(string text)
        {
            try
            {
                return s_strictUtf8.GetBytes(text);
            }
            catch (EncoderFallbackException error)
            {
                throw new BadInputException("stop", $"a stop text has half a surrogate pair at character {error.Index}",
                    "correct it", error);
            }
        }
    }

    internal byte[] Bytes(int index) => _sequences[index];

    /// <summary>
    /// For each length m = 1.., at [m], the length of the longest proper prefix of the sequence's first m bytes that is also
    /// their suffix: where to go on after a mismatch (D. Knuth, J. Morris, V. Pratt, 1977).
    /// </summary>
    internal int[] Borders(int index) => _borders[index];

    private static int[] Borders(byte[] sequence)
    {
        var borders = new int[sequence.Length + 1];
        for (var m = 2; m <= sequence.Length; m++)
        {
            var border = borders[m - 1];
            while (border > 0 && sequence[border] != sequence[m - 1]) border = borders[border];
            borders[m] = sequence[border] == sequence[m - 1] ? border + 1 : 0;
        }

        return borders;
    }
}
