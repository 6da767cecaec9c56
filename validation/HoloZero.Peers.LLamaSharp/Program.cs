using HoloZero.Peers;
using HoloZero.Peers.LLamaSharp;

return PeerCommandLine.Run(args, (file, threads, sizes) => new LlamaCpp(file, threads, sizes));
