using Engine.Diagnostics;
using Engine.Lifecycle;

namespace Engine.Cli.Runc;

/// <summary>
/// <c>mounts add ID FILE</c> and <c>mounts remove ID FILE</c>, as crun has them: FILE is a JSON list of mounts, as config.json has it. All of
/// them are made, or taken away, or none is.
/// </summary>
public static class MountsCommand
{
    /// <summary>Action.</summary>
    public static RuncCommand Build() => new()
    {
        Operands = "add|remove <container-id> <file>",
        Description = "The file is a JSON array of mounts as in config.json. remove looks at destinations only.",
        Least = 3,
        Most = 3,
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        string verb = call.Operands[0];
        if (verb is not ("add" or "remove"))
        {
            throw new EngineException($"mounts: unknown command {Quote.Text(verb)}: use add or remove");
        }

        using ContainerHandle container = ContainerHandle.Open(call.Globals.Root, call.IdAt(1));
        RuncTexts.Require("mounts", container.Id, container.State.Status);
        string file = call.Operands[2];
        byte[] document = InputFile.Read(file);
        if (verb == "remove")
        {
            LiveMounts.Remove(container, document, file);
            return 0;
        }

        foreach (string warning in LiveMounts.Add(container, document, file))
        {
            call.Log.Warning(warning);
        }

        return 0;
    }
}
