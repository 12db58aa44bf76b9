using System.CommandLine;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Spec;

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
            byte[] resources = Read(path);

            using ContainerHandle container = ContainerHandle.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            container.Require("update");
            container.Update(resources, path == "-" ? "standard input" : path);
            return 0;
        });
        return command;
    }

    private static byte[] Read(string path)
    {
        try
        {
            using Stream input = path == "-" ? System.Console.OpenStandardInput() : File.OpenRead(path);
            return ConfigLoader.ReadBounded(input);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"{path}: {error.Message}", inner: error);
        }
    }
}
