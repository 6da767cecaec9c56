using FsCheck;
using FsCheck.Fluent;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>What a script does next.</summary>
public enum Act
{
    Prefill,
    Append,
    Step,
    CancelledAppend,
    CancelledPrefill,
    Snapshot,
    Restore,
    Fork,
    CloseSession,
    CloseSnapshot,
}

/// <summary>One line of a script.</summary>
/// <param name="Act">What to do.</param>
/// <param name="Session">To which session, counted round those that are open.</param>
/// <param name="Other">With which snapshot, likewise; for a prefill, how many of its bytes are prefix.</param>
/// <param name="Bytes">The bytes it takes.</param>
public sealed record Line(Act Act, int Session, int Other, byte[] Bytes)
{
    public override string ToString() => $"{Act}(session {Session}, {Other}, {Convert.ToHexStringLower(Bytes)})";
}

/// <summary>
/// Runs scripts of session calls and holds every row of logits against one whole-sequence call of a session of its own: whatever the
/// chunks, snapshots and forks, a sequence is a function of its bytes.
/// </summary>
/// <param name="model">The model whose sessions the script uses.</param>
/// <param name="whole">A model that takes any stream in one call.</param>
public sealed class SessionScript(HoloZeroModel model, HoloZeroModel whole)
{
    /// <summary>
    /// Float32 logits of tiny, which stay below 10 in magnitude: a call of another length takes other kernels with sums in another order,
    /// which moves a logit by up to about 3e-6; a wrong byte or position moves one by more than 1e-2.
    /// </summary>
    public const double Tolerance = 1e-5;

    private const int LongestSequence = 120;

    private readonly List<(DecodingSession Session, byte[] Prefix, byte[] Stream)> _sessions = [];
    private readonly List<(SessionSnapshot Snapshot, byte[] Prefix, byte[] Stream)> _snapshots = [];

    /// <summary>Scripts with shrinking: fewer lines, fewer bytes, lower numbers.</summary>
    public static Arbitrary<Line[]> Scripts()
    {
        var bytes = Gen.Choose(1, 20).SelectMany(n => Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value), n));
        (int Weight, Act Act)[] acts =
        [
            (2, Act.Prefill), (6, Act.Append), (6, Act.Step), (1, Act.CancelledAppend), (1, Act.CancelledPrefill),
            (3, Act.Snapshot), (3, Act.Restore), (2, Act.Fork), (1, Act.CloseSession), (1, Act.CloseSnapshot),
        ];
        var line =
            from act in Gen.Frequency(acts.Select(choice => (choice.Weight, Gen.Constant(choice.Act))))
            from session in Gen.Choose(0, 5)
            from other in Gen.Choose(0, 9)
            from taken in bytes
            select new Line(act, session, other, taken);
        return Arb.From(line, Shrink).Array();

        static IEnumerable<Line> Shrink(Line line)
        {
            if (line.Bytes.Length > 1)
            {
                yield return line with { Bytes = line.Bytes[..(line.Bytes.Length / 2)] };
                yield return line with { Bytes = line.Bytes[1..] };
            }

            if (line.Session > 0) yield return line with { Session = line.Session - 1 };
            if (line.Other > 0) yield return line with { Other = line.Other - 1 };
            if (line.Bytes.Any(value => value != 0)) yield return line with { Bytes = new byte[line.Bytes.Length] };
        }
    }

    /// <summary>Runs one script from a single fresh session on; throws where anything is off.</summary>
    public void Run(IReadOnlyList<Line> script)
    {
        try
        {
            _sessions.Add((model.OpenSession(), [], []));
            foreach (var line in script) Run(line);
            // Whatever happened, every session still goes on from its own bytes.
            for (var i = 0; i < _sessions.Count; i++) Append(i, [(byte)(17 * i)]);
        }
        finally
        {
            _sessions.ForEach(open => open.Session.Dispose());
            _snapshots.ForEach(open => open.Snapshot.Dispose());
            _sessions.Clear();
            _snapshots.Clear();
        }
    }

    private void Run(Line line)
    {
        var i = line.Session % _sessions.Count;
        var (session, prefix, stream) = _sessions[i];
        var s = _snapshots.Count == 0 ? -1 : line.Other % _snapshots.Count;
        switch (line.Act)
        {
            case Act.Prefill:
                var split = Math.Min(line.Other, (line.Bytes.Length - 1) / model.SlotBytes) * model.SlotBytes;
                _sessions[i] = (session, line.Bytes[..split], line.Bytes[split..]);
                AssertRows(session.Prefill(line.Bytes.AsSpan(0, split), line.Bytes.AsSpan(split)), i);
                break;
            case Act.Append when stream.Length + line.Bytes.Length < LongestSequence:
                Append(i, line.Bytes);
                break;
            case Act.Step when stream.Length < LongestSequence:
                _sessions[i] = (session, prefix, [.. stream, line.Bytes[0]]);
                AssertRows(new(session.Step(line.Bytes[0]), model.Vocabulary), i);
                break;
            case Act.CancelledAppend:
                Assert.Throws<OperationCanceledException>(() => { session.Append(line.Bytes, new(canceled: true)); });
                break;
            case Act.CancelledPrefill:
                Assert.Throws<OperationCanceledException>(() => { session.Prefill([], line.Bytes, new(canceled: true)); });
                break;
            case Act.Snapshot:
                _snapshots.Add((session.Snapshot(), prefix, stream));
                break;
            case Act.Restore when s >= 0:
                session.Restore(_snapshots[s].Snapshot);
                _sessions[i] = (session, _snapshots[s].Prefix, _snapshots[s].Stream);
                break;
            case Act.Fork:
                _sessions.Add((session.Fork(), prefix, stream));
                break;
            case Act.CloseSession when _sessions.Count > 1:
                session.Dispose();
                _sessions.RemoveAt(i);
                break;
            case Act.CloseSnapshot when s >= 0:
                _snapshots[s].Snapshot.Dispose();
                _snapshots.RemoveAt(s);
                break;
        }
    }

    private void Append(int i, byte[] bytes)
    {
        var (session, prefix, stream) = _sessions[i];
        _sessions[i] = (session, prefix, [.. stream, .. bytes]);
        AssertRows(session.Append(bytes), i);
    }

    /// <summary>The rows are the last ones of the whole sequence, and the position counts it.</summary>
    private void AssertRows(Logits actual, int i)
    {
        var (session, prefix, stream) = _sessions[i];
        using var oracle = whole.OpenSession();
        var expected = oracle.Prefill(prefix, stream).Data[^actual.Data.Length..];
        var what = $"{prefix.Length} prefix and {stream.Length} stream bytes, last {actual.Rows} rows";
        Assert.Null(TensorComparison.Mismatch(what, actual.Data, expected, Tolerance));
        Assert.Equal(prefix.Length / model.SlotBytes + stream.Length, session.Position);
    }
}
