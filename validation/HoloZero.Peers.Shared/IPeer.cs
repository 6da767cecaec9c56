namespace HoloZero.Peers;

/// <summary>A llama loaded by another library, for one thread. Greedy; never chooses the last token, which ends a text.</summary>
internal interface IPeer : IDisposable
{
    /// <summary>Versions of the library and of what it computes with, and what tells which of its builds runs.</summary>
    IReadOnlyDictionary<string, string> Software { get; }

    /// <summary>Forgets everything and makes room.</summary>
    /// <param name="rows">How many sequences, 1 to <see cref="PeerSizes.BatchRows"/>.</param>
    /// <param name="positions">Tokens that each may have in the end, chosen ones among them.</param>
    void Clear(int rows, int positions);

    /// <summary>Lets every row read the same prompt, of at least one token, in one call, and chooses a token each.</summary>
    /// <returns>The first row's choice.</returns>
    int Read(int[] prompt);

    /// <summary>One call: every row reads its last choice and makes the next.</summary>
    /// <returns>The first row's choice.</returns>
    int Step();
}
