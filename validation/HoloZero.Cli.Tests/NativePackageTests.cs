using HoloZero.Testing;

namespace HoloZero.Cli.Tests;

public sealed class NativePackageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("runtimeTargets", "runtimes/linux-x64/native/libonnxruntime.so", "A.Package")]
    [InlineData("native", "runtimes/win-x64/native/onnxruntime.dll", "A.Package")]
    [InlineData("native", "runtimes/linux-x64/native/libonnxruntime_providers_shared.so", null)]
    [InlineData("runtime", "lib/net8.0/onnxruntime.dll", null)]
    public void The_package_is_the_one_that_brings_the_library(string kind, string asset, string? expected)
    {
        File.WriteAllText(_folder["app.deps.json"],
            $$$"""{"targets": {"net": {"app/1": {}, "A.Package/1.2.3": {"{{{kind}}}": {"{{{asset}}}": {}} } } } }""");
        Assert.Equal(expected, NativePackage.Of($"{_folder["nowhere"]};{_folder["app.deps.json"]}", "onnxruntime"));
    }

    [Fact]
    public void Without_a_dependency_file_it_is_not_known()
    {
        Assert.Null(NativePackage.Of(null, "onnxruntime"));
        Assert.StartsWith("Microsoft.ML.OnnxRuntime.Gpu", NativePackage.OfOnnxRuntime());
    }
}
