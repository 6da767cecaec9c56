using HoloZero.CommandLine;
using HoloZero.Fuzz;

return await CommandLineProgram.RunAsync("holozero-fuzz", FuzzCommand.Create(), args);
