using System.CommandLine;
using Engine.Diagnostics;
using Engine.Lifecycle;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci update --from-file FILE ID</c>: new values for the resources that the document names.</summary>
public static class UpdateCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var id = Options.Id();
        var file = Options.Text("--from-file", "-f", "JSON of linux.resources; - for standard input (required)", "FILE", "FROM_FILE");
        var command = new Command("update", "change the resource limits of a container") { root, id, file };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(file) ?? throw new UsageException("option '--from-file' is required");
            byte[] resources = InputFile.ReadOrStandardInput(path, out string name);

            using ContainerHandle container = ContainerHandle.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            container.Require("update");
            container.Update(resources, name);
            return 0;
        });
        return command;
    }
}
