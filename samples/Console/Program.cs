using System.Text;
using HoloZero.Artifacts;
using HoloZero.Runtime;

if (args is not [var folder, var prompt]) return Fail("console: name an artifact folder and a prompt");
try
{
    using var model = await HoloZeroModel.LoadAsync(folder);
    var options = new GenerationOptions { MaxBytes = 60, Sampling = new() { Temperature = 0.8, Seed = 7 } };
    await foreach (var text in model.GenerateAsync(Encoding.UTF8.GetBytes(prompt), options).ToTextAsync())
        Console.Write(text);
    Console.WriteLine();
    return 0;
}
catch (HoloZeroException e)
{
    return Fail($"console: {e.Message}");
}

static int Fail(string line)
{
    Console.Error.WriteLine(line);
    return 2;
}
