using HoloZero.Models.Checkpoints;

namespace HoloZero.Models.Tests.Checkpoints;

public class RestrictedUnpicklerTests
{
    private static readonly byte[] Six = CheckpointFile.Floats(0, 1, 2, 3, 4, 5);

    public static TheoryData<string, string> HostileGlobals => new()
    {
        { "posix", "system" },
        { "os", "system" },
        { "builtins", "eval" },
        { "__builtin__", "exec" },
        { "torch.hub", "load" },
        { "subprocess", "Popen" },
        { "runpy", "run_path" },
    };

    [Theory]
    [MemberData(nameof(HostileGlobals))]
    public void What_serves_to_run_something_is_refused_however_it_is_named(string module, string name)
    {
        using var classic = Beside(p => p.Call(module, name, a => a.Text("touch x")));
        Assert.Contains($"'{module}.{name}', which is not on the list", classic.Refusal(("w", [6])));
        using var stacked = Beside(p => p.Text(module).Text(name).Raw(0x93, (byte)')', (byte)'R'));
        Assert.Contains($"'{module}.{name}', which is not on the list", stacked.Refusal(("w", [6])));
        using var merelyNamed = Beside(p => p.Global(module, name));
        Assert.Contains("not on the list", merelyNamed.Refusal(("w", [6])));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'i', (byte)'o', (byte)'s', 10, (byte)'x', 10 })] // INST
    [InlineData(new byte[] { (byte)'(', (byte)'o' })] // OBJ
    [InlineData(new byte[] { 0x82, 1 })] // EXT1
    [InlineData(new byte[] { (byte)'P', (byte)'x', 10 })] // PERSID
    [InlineData(new byte[] { 0x97 })] // NEXT_BUFFER
    public void Opcodes_that_plain_data_does_not_need_are_refused(byte[] raw)
    {
        using var file = Beside(p => p.Raw(raw));
        Assert.Contains($"opcode 0x{raw.First(b => b != (byte)'('):x2}", file.Refusal(("w", [6])));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'R' })] // Underflow.
    [InlineData(new byte[] { (byte)'t', (byte)'t', (byte)'t' })] // No mark.
    [InlineData(new byte[] { (byte)'h', 200 })] // Unset memo.
    [InlineData(new byte[] { (byte)'X', 255, 255, 255, 255 })] // A text of 4 GB.
    [InlineData(new byte[] { 0x8d, 255, 255, 255, 255, 255, 255, 255, 127 })]
    [InlineData(new byte[] { 0x8b, 255, 255, 255, 255 })] // An integer of -1 bytes.
    [InlineData(new byte[] { 0x8b, 255, 255, 255, 127 })]
    [InlineData(new byte[] { (byte)'X', 1, 0, 0, 0, 0xff })] // Not UTF-8.
    [InlineData(new byte[] { (byte)'K', 1, (byte)'Q' })] // A persistent id that is a number.
    [InlineData(new byte[] { (byte)'K', 1, (byte)'K', 2, (byte)'a' })] // APPEND to a number.
    [InlineData(new byte[] { (byte)'K', 1, (byte)'K', 2, (byte)'K', 3, (byte)'s' })] // SETITEM on a number.
    [InlineData(new byte[] { (byte)'K', 1, (byte)'K', 2, (byte)'b' })] // BUILD on a number.
    [InlineData(new byte[] { (byte)'K', 1, (byte)')', (byte)'R' })] // A call of a number.
    [InlineData(new byte[] { 0x80, 9 })]
    public void Malformed_pickles_are_refused(byte[] raw)
    {
        using var file = Beside(p => p.Raw(raw));
        Assert.Contains("pickle is malformed at byte", file.Refusal(("w", [6])));
    }

    [Fact]
    public void Too_many_operations_are_refused()
    {
        var content = new byte[20 << 20];
        content.AsSpan().Fill((byte)'N');
        using var file = Beside(p => p.Raw(content));
        Assert.Contains("more than 4194304 operations", file.Refusal(("w", [6])));
    }

    [Fact]
    public void A_cycle_and_deep_nesting_are_no_trouble()
    {
        var nesting = new byte[2_000_000];
        nesting.AsSpan().Fill(0x85);
        using var sound = Beside(p => p.Raw((byte)']', (byte)'q', 99, (byte)'h', 99, (byte)'a'), p => p.Raw((byte)'N').Raw(nesting));
        Assert.Single(sound.Load(("w", [6])));
    }

    [Fact]
    public void One_long_key_set_a_million_times_does_not_hang()
    {
        var rounds = new PickleWriter();
        for (var i = 0; i < 500_000; i++) rounds.Raw((byte)'h', 98, (byte)'N', (byte)'s');
        var body = rounds.Stop()[2..^1];
        using var file = Beside(p => p.Text(new string('k', 1 << 20)).Raw((byte)'q', 98, (byte)'0', (byte)'}').Raw(body));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Single(file.Load(("w", [6])));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public void Real_training_state_is_parsed_and_left_alone(int protocol)
    {
        using var checkpoint = Checkpoint.Open(CheckpointFile.TrainingState(protocol));
        Assert.Equal(new AsymDecConfig(64, 2, 4, 2), checkpoint.Config);
        var weights = checkpoint.LoadWeights(new Dictionary<string, int[]>
        {
            ["weight"] = [4, 3],
            ["bias"] = [4],
            ["turned"] = [3, 2],
            ["parameter"] = [2],
        });
        Assert.Equal([0, 3, 1, 4, 2, 5], weights["turned"].Data);
        Assert.Equal([1, 1], weights["parameter"].Data);
    }

    [Theory]
    [InlineData("dim", "dim in its cfg is not an integer")]
    [InlineData("door", "door in its cfg is not a text")]
    public void A_configuration_of_the_wrong_kind_is_refused(string key, string cause)
    {
        using var file = Beside(p => p.Dict([]), ("cfg", p => p.Dict(new[] { "dim", "dec_layers", "heads", "K", "door" }.Select(k =>
            (k, (Action<PickleWriter>)(v => { if (k == key) v.Raw(0x88); else if (k == "door") v.Text("zero"); else v.Int(64); }))))));
        Assert.Contains(cause, file.Refusal(("w", [6])));
    }

    private static CheckpointFile Beside(params Action<PickleWriter>[] values) =>
        new(PickleWriter.Checkpoint([("w", p => p.Tensor("FloatStorage", "0", 6, 0, [6], [1]))],
            [.. values.Select((value, i) => ($"other{i}", value))]), ("0", Six));

    private static CheckpointFile Beside(Action<PickleWriter> value, (string, Action<PickleWriter>) second) =>
        new(PickleWriter.Checkpoint([("w", p => p.Tensor("FloatStorage", "0", 6, 0, [6], [1]))], ("other", value), second), ("0", Six));
}
