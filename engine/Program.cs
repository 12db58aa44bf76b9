using Engine.Cli;
using Engine.Monitor;

// One binary, two worlds: the command that a person types, and the master that the starter executes from the same file.
return args is ["master", "create" or "serve"] ? MasterProgram.Run(isCreate: args[1] == "create") : CommandLine.Run(args);
