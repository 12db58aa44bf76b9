using System.Text.Json.Nodes;

namespace Engine.Tests.Integration.Support;

/// <summary>A runtime with runc's command line: the built engine-runc, or Debian's runc beside it.</summary>
/// <param name="Program">Absolute path.</param>
/// <param name="Root">State root, given as --root.</param>
public sealed record RuncCli(string Program, string Root)
{
    /// <summary>The name that the program has in its texts.</summary>
    public string Name => Path.GetFileName(Program);

    /// <summary>The built engine-runc.</summary>
    public static RuncCli Own(string root) => new(Path.Combine(Installation.Out, "bin", "engine-runc"), root);

    /// <summary>Debian's; the test needs <see cref="Needs.Runc"/>.</summary>
    public static RuncCli Debian(string root) => new(Installation.Find("runc")!, root);

    /// <summary>Prepared, not started; --root stands first.</summary>
    public Command Prepare(params string[] arguments) => new(Program, ["--root", Root, .. arguments]);

    /// <summary>To its end.</summary>
    public CommandResult Run(params string[] arguments) => Prepare(arguments).Run();

    /// <summary>To its end; fails unless it exits with 0 and says nothing on standard error.</summary>
    public CommandResult Ok(params string[] arguments)
    {
        var result = Run(arguments).ShouldExit(0);
        Assert.True(result.Error.Length == 0, $"expected nothing on standard error\n{result}");
        return result;
    }

    /// <summary>What state prints.</summary>
    public JsonObject State(string id) => JsonNode.Parse(Ok("state", id).Text)!.AsObject();

    /// <summary>What it says at a failure: the log goes to a file, as with every caller of a runtime.</summary>
    public (int ExitCode, string Message) Failure(string log, params string[] arguments)
    {
        File.Delete(log);
        var result = new Command(Program, ["--root", Root, "--log", log, "--log-format", "json", .. arguments]).Run();
        var record = JsonNode.Parse(File.ReadAllText(log))!.AsObject();
        return (result.ExitCode, ((string)record["msg"]!).Replace(Program + ":", "runtime:", StringComparison.Ordinal).Replace(Name + ":", "runtime:", StringComparison.Ordinal).TrimEnd('\n'));
    }
}
