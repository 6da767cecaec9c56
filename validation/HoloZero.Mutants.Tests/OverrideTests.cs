using HoloZero.Models.Ops;
using HoloZero.Mutants.Tests.Faults;
using HoloZero.Testing;

namespace HoloZero.Mutants.Tests;

/// <summary>A fault that overrides nothing would be none.</summary>
public class OverrideTests
{
    [Fact]
    public void Every_public_method_of_a_fault_is_the_interfaces()
    {
        var faults = InterfaceMembers.Implementations(typeof(FaultyOps).Assembly, typeof(ITensorOps<>));

        Assert.Contains(typeof(FaultyOps), faults);
        Assert.Contains(typeof(FaultyMemory), faults);
        Assert.Empty(faults.SelectMany(fault => InterfaceMembers.Strays(fault, typeof(ITensorOps<>))));
    }
}
