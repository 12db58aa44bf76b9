using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Tests.Integration.Support;

/// <summary>The workflow under which the command line is run. The suite is written once; a profile says who types.</summary>
/// <param name="Name">Name in messages.</param>
/// <param name="Prefix">Program and arguments that stand before the engine's, for example one that changes the user.</param>
/// <param name="Missing">Why it cannot run on this machine, or null.</param>
public record Profile(string Name, IReadOnlyList<string> Prefix, string? Missing)
{
    /// <summary>The engine, as the one who types finds it.</summary>
    public string Engine { get; init; } = Installation.Engine;

    /// <summary>Root runs the engine, the starter is not set-uid.</summary>
    public static Profile Root { get; } = new("root", [], Installation.IsRoot ? null : "needs root");
}

/// <summary>Runs the built command line with a state root of its own.</summary>
public sealed class EngineCli(Profile profile, string root)
{
    /// <summary>The state root; it travels as ENGINE_ROOT, as a user would set it.</summary>
    public string Root { get; } = root;

    /// <summary>Prepared, not started: for a test that sets its environment, input or time.</summary>
    public Command Prepare(params string[] arguments)
    {
        var line = profile.Prefix.Append(profile.Engine).Concat(arguments).ToArray();
        var command = new Command(line[0], line[1..]);
        command.Environment["ENGINE_ROOT"] = Root;
        return command;
    }

    /// <summary><c>engine ARGUMENTS</c> to its end.</summary>
    public CommandResult Run(params string[] arguments) => Prepare(arguments).Run();

    /// <summary><c>engine oci ARGUMENTS</c> to its end.</summary>
    public CommandResult Oci(params string[] arguments) => Run([.. arguments.Prepend("oci")]);

    /// <summary>As <see cref="Oci"/>; fails unless the exit code is 0.</summary>
    public CommandResult OciOk(params string[] arguments) => Oci(arguments).ShouldExit(0);

    /// <summary><c>engine oci ARGUMENTS</c> in the background, its standard input open.</summary>
    public RunningCommand StartOci(params string[] arguments)
    {
        var command = Prepare([.. arguments.Prepend("oci")]);
        command.Input = null;
        return command.Start();
    }

    /// <summary>What <c>engine oci state</c> prints.</summary>
    public JsonObject State(string id) => JsonNode.Parse(OciOk("state", id).Text)!.AsObject();

    /// <summary>The status of a container, or null when there is none.</summary>
    public string? Status(string id)
    {
        var result = Oci("state", id);
        try
        {
            return result.ExitCode == 0 ? (string?)JsonNode.Parse(result.Text)!["status"] : null;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"state is no JSON: {e.Message}\n{result}");
        }
    }

    /// <summary>Waits until the container has this status.</summary>
    public void WaitForStatus(string id, string status, double seconds = Eventually.DefaultSeconds)
    {
        string? last = null;
        Eventually.True(() => (last = Status(id)) == status, () => $"{id} is '{status}' (last: '{last}')", seconds);
    }

    /// <summary>Directory with the container's state, sockets and default log.</summary>
    public string StateDirectory(string id) => Path.Combine(Root, id);

    /// <summary>A client of the container's attach.sock.</summary>
    public AttachClient Attach(string id, bool framed = false, bool reads = true) => new(Path.Combine(StateDirectory(id), "attach.sock"), framed, reads);

    /// <summary>A client of the container's control.sock.</summary>
    public ControlClient Control(string id) => new(Path.Combine(StateDirectory(id), "control.sock"));

    public string DefaultLog(string id) => Path.Combine(StateDirectory(id), id + ".log");
}
