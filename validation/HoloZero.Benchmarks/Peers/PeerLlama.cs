namespace HoloZero.Benchmarks.Peers;

/// <summary>How a peer's matrices are stored: 32 bits, or 8 or 4 with a scale for 32 of them.</summary>
internal enum PeerPrecision
{
    Float32,
    Int8,
    Int4,
}

internal enum PeerMatrix
{
    Embedding,
    Head,
    Query,
    Key,
    Value,
    Output,
    Gate,
    Up,
    Down,
}

/// <summary>
/// A llama of the size of the published model, of which every file format gets the same seeded random weights, so that what reads them
/// computes the same. Every matrix is [out, in], row-major; every norm is ones. Immutable.
/// </summary>
internal sealed record PeerLlama
{
    public const float Epsilon = 1e-5f, RotaryBase = 10_000;

    // A deviation of 0.02, evenly spread.
    private const float Widest = 0.034641016f;

    public int Width { get; init; } = 512;
    public int Layers { get; init; } = 8;
    public int Heads { get; init; } = 8;
    public int Hidden { get; init; } = 1376;
    public int Vocabulary { get; init; } = 258;
    public int Context { get; init; } = 4096 + 256;

    public int HeadWidth => Width / Heads;

    /// <summary>Weights, norms among them.</summary>
    public long Parameters => Enum.GetValues<PeerMatrix>().Sum(matrix => Shape(matrix) is var (rows, columns)
        ? (long)rows * columns * (matrix is PeerMatrix.Embedding or PeerMatrix.Head ? 1 : Layers) : 0) + (2L * Layers + 1) * Width;

    public (int Rows, int Columns) Shape(PeerMatrix matrix) => matrix switch
    {
        PeerMatrix.Embedding or PeerMatrix.Head => (Vocabulary, Width),
        PeerMatrix.Gate or PeerMatrix.Up => (Hidden, Width),
        PeerMatrix.Down => (Width, Hidden),
        _ => (Width, Width),
    };

    /// <summary>A matrix; the embedding and the head are of layer 0.</summary>
    public float[] Weights(PeerMatrix matrix, int layer = 0)
    {
        var (rows, columns) = Shape(matrix);
        var random = new Random(1000 * (layer + 1) + (int)matrix);
        var weights = new float[rows * columns];
        for (var i = 0; i < weights.Length; i++) weights[i] = Widest * (2 * random.NextSingle() - 1);
        return weights;
    }

    /// <summary>
    /// The rows of a query or key matrix in the order that llama.cpp wants them in: it turns neighbours, everybody else the halves of a
    /// head.
    /// </summary>
    public float[] WithNeighboursTurned(float[] halves)
    {
        var neighbours = new float[halves.Length];
        for (var row = 0; row < Width; row++)
        {
            var (head, place) = (row / HeadWidth, row % HeadWidth);
            var from = head * HeadWidth + place % 2 * (HeadWidth / 2) + place / 2;
            halves.AsSpan(from * Width, Width).CopyTo(neighbours.AsSpan(row * Width));
        }

        return neighbours;
    }
}
