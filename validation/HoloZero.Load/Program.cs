using HoloZero.CommandLine;
using HoloZero.Load;
using HoloZero.Load.Serving;

var root = LoadCommand.Create();
root.Subcommands.Add(ServeCommand.Create());
root.Subcommands.Add(OverheadCommand.Create());
return await CommandLineProgram.RunAsync("holozero-load", root, args);
