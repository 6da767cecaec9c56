using System.CommandLine;
using HoloZero.Cli;
using HoloZero.CommandLine;

var root = new RootCommand("Runs exported HoLo_ZeRo models.")
{
    GenerateCommand.Create(),
    ScoreCommand.Create(),
    LogitsCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
    ServeCommand.Create(),
};
return await CommandLineProgram.RunAsync("holozero", root, args);
