using HoloZero.CommandLine;
using HoloZero.Exporter.Cli;

return await CommandLineProgram.RunAsync("holozero-export", ExportCommand.Create(), args);
