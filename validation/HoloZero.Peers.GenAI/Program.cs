using HoloZero.Peers;
using HoloZero.Peers.GenAI;

return PeerCommandLine.Run(args, (folder, threads, _) => new OnnxRuntimeGenAI(folder, threads));
