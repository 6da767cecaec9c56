using HoloZero.CommandLine;
using HoloZero.Validation.Cli;

return await CommandLineProgram.RunAsync("holozero-validate", ValidateCommand.Create(), args);
