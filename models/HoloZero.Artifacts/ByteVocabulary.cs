namespace HoloZero.Artifacts;

/// <summary>The ids of a logit vector: id v below 256 is the byte v, and two symbols follow.</summary>
public static class ByteVocabulary
{
    /// <summary>Ids 0..255 are bytes.</summary>
    public const int Bytes = 256;

    /// <summary>Id of MASK. It has no features and is never sampled.</summary>
    public const int Mask = 256;

    /// <summary>Id of EOS, the end of the sequence. It has no features and is no byte: sampling it ends a generation.</summary>
    public const int Eos = 257;

    /// <summary>Logits per position.</summary>
    public const int Size = 258;
}
