using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Samples.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
{
    Args = args,
    // appsettings.json lies beside the program, from wherever that is started.
    ContentRootPath = AppContext.BaseDirectory,
});
builder.Services.AddHoloZero("demo", builder.Configuration.GetSection("HoloZero:demo"));
builder.Services.AddOptionsWithValidateOnStart<WorkOptions>().BindConfiguration("Work", binder => binder.ErrorOnUnknownConfiguration = true)
    .Validate(work => work.MaxBytes is >= 1 and <= 1 << 20, "Work:MaxBytes: allowed are 1 to 1,048,576");
builder.Services.AddHostedService<PromptWorker>();
using var host = builder.Build();
try
{
    await host.RunAsync();
}
catch (BadInputException e)
{
    await Console.Error.WriteLineAsync($"worker: {e.Message}");
    Environment.ExitCode = 2;
}
