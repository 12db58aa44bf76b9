using Engine.Cli;
using Engine.Cli.Runc;
using Engine.Monitor;

// One binary, three worlds: the command that a person types, the runtime that other engines call, and the master that the starter executes
// from the same file.
if (RuncProgram.IsMeant())
{
    return RuncProgram.Run(args);
}

return args is ["master", "create" or "serve"] ? MasterProgram.Run(isCreate: args[1] == "create") : CommandLine.Run(args);
