using System.CommandLine;
using System.Text.Json;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.State;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci state ID</c>: the state document, corrected by what is alive, indented by tabs.</summary>
public static class StateCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var id = Options.Id();
        var socket = Options.Text("--sync-socket", "-s", "send compact JSON to this unix socket instead of printing", "PATH", "SYNC_SOCKET");
        var command = new Command("state", "print the state of a container as JSON") { root, id, socket };
        command.SetAction(parsed => Run(Options.StateRoot(parsed, root), parsed.GetValue(id)!, parsed.GetValue(socket)));
        return command;
    }

    private static int Run(StateRoot root, string id, string? socket)
    {
        using ContainerDirectory directory = root.Open(id);
        StateDocument state = Liveness.Read(directory);
        if (string.IsNullOrEmpty(socket))
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(state, StateJson.Default.StateDocument));
            return 0;
        }

        byte[] compact = JsonSerializer.SerializeToUtf8Bytes(state, StateJsonCompact.Default.StateDocument);
        string full = Path.GetFullPath(socket);
        using SafeFd parent = Files.Open(Path.GetDirectoryName(full)!, fcntl_h.O_PATH | O_DIRECTORY);
        using SafeFd connection = UnixSockets.Connect(parent, Path.GetFileName(full));
        Files.WriteAll(connection, compact, full);
        return 0;
    }
}
