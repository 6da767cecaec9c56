using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Runtime;

/// <summary>
/// How a piece of state lies in memory: rows one after the other, each so many blocks of positions; a piece that does not grow is one block
/// of one position. Immutable.
/// </summary>
internal sealed class PieceLayout
{
    private readonly IReadOnlyList<Dimension> _axes;

    /// <exception cref="BadInputException">No array holds a row of it.</exception>
    public PieceLayout(ArtifactManifest.StateInfo state)
    {
        (State, _axes) = (state, state.Past.Shape);
        Type = TensorTypeNames.Parse(state.Past.Type);
        TensorTypeNames.TryGet(Type, out var type);
        var growing = _axes.ToList().FindIndex(axis => axis.Length is null && axis.Name != ArtifactManifest.BatchAxis);
        Grows = growing >= 0;
        // A manifest's rules bound the elements of a row, but not the bytes of an array.
        var (blocks, bytes) = (Grows ? Product(_axes.Take(growing)) : 1, Product(Grows ? _axes.Skip(growing) : _axes) * type.SizeInBytes());
        if (blocks * bytes > int.MaxValue)
        {
            throw new BadInputException(ArtifactManifest.FileName,
                $"{Untrusted.Quote(state.Past.Name)} takes {blocks * bytes:N0} bytes a position", "export the model again");
        }

        (Blocks, PositionBytes) = ((int)blocks, (int)bytes);

        static long Product(IEnumerable<Dimension> axes) => axes.Aggregate(1L, (count, axis) => count * (axis.Length ?? 1));
    }

    /// <summary>Its ports.</summary>
    public ArtifactManifest.StateInfo State { get; }

    public TensorElementType Type { get; }

    /// <summary>Whether it has an axis of positions.</summary>
    public bool Grows { get; }

    /// <summary>Blocks in a row.</summary>
    public int Blocks { get; }

    /// <summary>Bytes of a position in a block.</summary>
    public int PositionBytes { get; }

    /// <summary>Bytes of a row with room for <paramref name="capacity"/> positions.</summary>
    public long RowBytes(long capacity) => Blocks * PositionBytes * (Grows ? capacity : 1);

    /// <summary>The tensor of some rows.</summary>
    public long[] Shape(int rows, int capacity) =>
        [.. _axes.Select(axis => axis.Length ?? (axis.Name == ArtifactManifest.BatchAxis ? rows : capacity))];
}

/// <summary>How the state of a graph's sequences lies in memory. Immutable.</summary>
internal sealed class StateLayout(ArtifactManifest.SignatureInfo signature)
{
    /// <summary>Its pieces in the order of the signature.</summary>
    public IReadOnlyList<PieceLayout> Pieces { get; } = [.. signature.State.Select(state => new PieceLayout(state))];

    /// <summary>Bytes of a sequence with room for <paramref name="positions"/>, what cannot be written in place twice.</summary>
    public long BytesFor(long positions) => Pieces.Sum(piece => piece.RowBytes(positions) * (piece.State.InPlace ? 1 : 2));
}
