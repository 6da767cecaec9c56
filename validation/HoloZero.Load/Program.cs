using HoloZero.CommandLine;
using HoloZero.Load;

return await CommandLineProgram.RunAsync("holozero-load", LoadCommand.Create(), args);
