using System.Text.Json.Nodes;

namespace Engine.Tests.Conformance;

/// <summary>The runtime under test: its program with a state root of the entry's own. Every command has a deadline.</summary>
internal sealed class Oci(string runtime, string root)
{
    // Long enough for a loaded machine; a runtime that hangs is killed then and the entry fails.
    private const double Seconds = 25;

    public string Program => runtime;

    public string Root => root;

    /// <summary>A command that is not started yet.</summary>
    public Command Prepare(params string[] arguments) => new(runtime, ["--root", root, .. arguments]) { Seconds = Seconds };

    /// <summary>
    /// A command whose standard output and error are files, which a container may inherit and keep: pipes would have to stay open as long
    /// as it runs.
    /// </summary>
    public Command PrepareDetached(string output, string error, params string[] arguments) =>
        new("/bin/sh", ["-c", "out=$1 err=$2; shift 2; exec \"$@\" </dev/null >\"$out\" 2>\"$err\"", "sh", output, error, runtime, "--root", root, .. arguments]) { Seconds = Seconds };

    public CommandResult Run(params string[] arguments) => Prepare(arguments).Run();

    /// <summary>Fails unless the exit code is 0.</summary>
    public CommandResult Ok(params string[] arguments) => Run(arguments).ShouldExit(0);

    /// <summary>Fails unless the command fails with an ordinary exit code and says why on standard error.</summary>
    public CommandResult Refused(params string[] arguments)
    {
        var result = Run(arguments);
        Assert.True(result.ExitCode is > 0 and < 128 or 255, $"expected an error\n{result}");
        Assert.True(result.Error.Length + result.Output.Length > 0, $"expected a message\n{result}");
        return result;
    }

    /// <summary>The state document; fails when there is none.</summary>
    public JsonObject State(string id) => JsonNode.Parse(Ok("state", id).Text)!.AsObject();

    /// <summary>The status, or null for an id that the runtime does not know.</summary>
    public string? Status(string id)
    {
        var result = Run("state", id);
        return result.ExitCode == 0 ? (string?)JsonNode.Parse(result.Text)!["status"] : null;
    }
}
