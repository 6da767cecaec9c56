using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>
/// What every interpreter owes that computes: beyond the shapes, the right numbers, and overrides that equal what they replace. A
/// subclass names its interpreter and inherits every test.
/// </summary>
public abstract class TensorOpsConformance : ShapeConformance
{
    [Fact]
    public void What_is_tested_elsewhere_is_an_override() =>
        Assert.Empty(TestedElsewhere.Keys.Except(Interpreter.Overrides));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Computes_the_right_values(string name)
    {
        var (operation, expected) = Interpreter.Case(name);
        SkipElsewhere(operation);
        Comparison.RequireEqual(name, Interpreter.Run(name), expected, Interpreter.Tolerances.Of(operation));
    }

    [Fact]
    public void Every_override_equals_the_derived_operation()
    {
        // A new override belongs into Tolerances: how far it may be from the derived operation, and why.
        Assert.Equal(Interpreter.Tolerances.Overrides.Order(), Interpreter.Overrides.Order());
        foreach (var operation in Interpreter.Overrides.Where(operation => !TestedElsewhere.ContainsKey(operation)))
        {
            var cases = OperationCases<Shape>.All.Where(test => test.Operation == operation).Select(test => test.Name).ToArray();
            Assert.NotEmpty(cases);
            foreach (var name in cases)
                Comparison.RequireEqual(name, Interpreter.Run(name), Interpreter.RunDerived(name),
                    Interpreter.Tolerances.OfOverride(operation));
        }
    }
}
