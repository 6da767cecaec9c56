using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>
/// What every interpreter owes, also one that computes nothing: right shapes, and a refusal of wrong ones. A subclass names its
/// interpreter and inherits every test.
/// </summary>
public abstract class ShapeConformance
{
    public static TheoryData<string> Cases { get; } = [.. OperationCases<Shape>.All.Select(test => test.Name)];

    public static TheoryData<string> Refusals { get; } = [.. OperationCases<Shape>.Refusals.Select(refusal => refusal.Name)];

    private protected abstract IInterpreter Interpreter { get; }

    /// <summary>Operations whose cases the interpreter cannot take, and why; they have tests of their own.</summary>
    private protected virtual IReadOnlyDictionary<string, string> TestedElsewhere { get; } = new Dictionary<string, string>();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Says_the_right_shapes(string name)
    {
        SkipElsewhere(Interpreter.Case(name).Operation);
        var expected = Interpreter.Case(name).Expected.Select(tensor => tensor.Shape);
        Assert.Equal(expected.Select(Text), Interpreter.Shapes(name).Select(Text));

        static string Text(int[] shape) => $"[{string.Join(", ", shape)}]";
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Refuses_what_does_not_fit(string name)
    {
        var (attempt, mentions) = Interpreter.Refusal(name);
        var exception = Record.Exception(attempt);
        Assert.NotNull(exception);
        Assert.IsAssignableFrom(Interpreter.RefusalType, exception);
        if (exception is ShapeException)
            Assert.All(mentions, mention => Assert.Contains(mention, exception.Message, StringComparison.Ordinal));
    }

    private protected void SkipElsewhere(string operation)
    {
        if (TestedElsewhere.TryGetValue(operation, out var why)) Assert.Skip($"{operation}: {why}");
    }
}
