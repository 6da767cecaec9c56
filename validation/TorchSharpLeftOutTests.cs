using System.Reflection;

namespace HoloZero;

/// <summary>Compiled in place of the tests of TorchSharp where its packages cannot be restored: they are left out, not passed.</summary>
public class TorchSharpLeftOutTests
{
    [Fact]
    public void TorchSharp_is_tested() => Assert.Skip("TorchSharp is " + typeof(TorchSharpLeftOutTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "TorchSharpStatus").Value);
}
