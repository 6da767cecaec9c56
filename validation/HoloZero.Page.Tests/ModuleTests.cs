using System.Diagnostics;
using HoloZero.Testing;

namespace HoloZero.Page.Tests;

/// <summary>
/// What the page computes without a page: UTF-8, events, quoting, projection, rows. Run by the Node.js that Playwright brings.
/// </summary>
public sealed class ModuleTests(ITestOutputHelper output)
{
    [Fact]
    public async Task The_modules_pass_their_own_tests()
    {
        var node = Path.Combine(AppContext.BaseDirectory, ".playwright", "node", "linux-x64", "node");
        if (!File.Exists(node)) Assert.Skip("Playwright brings no Node.js for this system");
        var folder = Path.Combine(Repository.Root, "validation", "HoloZero.Page.Tests", "modules");
        string[] files = Directory.GetFiles(folder, "*.test.mjs");
        Assert.NotEmpty(files);
        using var run = Process.Start(new ProcessStartInfo(node, ["--test", .. files])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = run.StandardError.ReadToEndAsync();
        output.WriteLine(await run.StandardOutput.ReadToEndAsync());
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, await error);
    }
}
