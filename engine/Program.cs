using Engine.Cli;
using Engine.Monitor;

// One binary, two worlds: the command that a person types, and the master that the starter executes from the same file.
return args is ["master", ..] ? MasterProgram.Run(args[1..]) : CommandLine.Run(args);
