using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>The suite itself: nothing of the interface is left out, and a wrong number is found.</summary>
public class SuiteTests
{
    [Fact]
    public void Every_operation_of_the_interface_has_cases()
    {
        var operations = typeof(ITensorOps<Shape>).GetMethods().Select(method => method.Name).Where(name => name != "Apply")
            .Concat(Enum.GetNames<UnaryFunction>()).Concat(Enum.GetNames<BinaryFunction>()).Order();
        Assert.Equal(operations, OperationCases<Shape>.All.Select(test => test.Operation).Distinct().Order());
    }

    [Fact]
    public void Case_names_are_unique()
    {
        Assert.Distinct(OperationCases<Shape>.All.Select(test => test.Name));
        Assert.Distinct(OperationCases<Shape>.Refusals.Select(refusal => refusal.Name));
    }

    [Fact]
    public void The_derived_operations_stay_the_interfaces_own()
    {
        var map = typeof(DerivedOps<Shape>).GetInterfaceMap(typeof(ITensorOps<Shape>));
        Assert.All(map.InterfaceMethods.Zip(map.TargetMethods), pair =>
            Assert.Equal(pair.First.IsAbstract ? typeof(DerivedOps<Shape>) : typeof(ITensorOps<Shape>), pair.Second.DeclaringType));
        Assert.Contains(map.InterfaceMethods, method => !method.IsAbstract);
    }

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(1.0625, 1, true)]
    [InlineData(0.875, 1, false)]
    [InlineData(0.125, 0, true)]
    [InlineData(0.25, 0, false)]
    [InlineData(double.NaN, 1, false)]
    [InlineData(1, double.NaN, false)]
    [InlineData(double.NaN, double.NaN, true)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity, true)]
    [InlineData(1e300, double.PositiveInfinity, false)]
    [InlineData(double.PositiveInfinity, 1e300, false)]
    [InlineData(double.NegativeInfinity, double.PositiveInfinity, false)]
    [InlineData(-0.0, 0.0, true)]
    public void A_tolerance_allows_what_it_says(double actual, double expected, bool allowed) =>
        Assert.Equal(allowed, new Tolerance(Relative: 0.0625, Absolute: 0.125, "test").Allows(actual, expected)
            && new Tolerance(0.0625, expected == 0 ? 0.125 : 0, "test").Allows(actual, expected));

    [Fact]
    public void Tensors_are_indexed_and_broadcast_as_NumPy_does()
    {
        var x = Tensor.Build([2, 3], i => 10 * i[0] + i[1]);
        Assert.Equal([0, 1, 2, 10, 11, 12], x.Values);
        Assert.Equal(12, x[1, 2]);
        Assert.Equal(12, x.Broadcast([4, 1, 2]));
        Assert.Equal(7, Tensor.Of([1, 1], 7).Broadcast([3, 4, 5]));
        Assert.Equal(7, Tensor.Scalar(7).Broadcast([3]));
    }
}
