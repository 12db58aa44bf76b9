using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Instances;

/// <summary>What the tests of <c>engine instance</c> share. Names are container ids, so they are cleaned up like them.</summary>
public abstract class InstanceTest : EngineTest
{
    /// <summary>A payload that ends by itself only when it is asked to, and says so.</summary>
    protected const string Polite = "trap 'echo bye; exit 3' INT; echo up; while :; do sleep 0.05; done";

    /// <summary><c>engine instance ARGUMENTS</c> to its end.</summary>
    protected CommandResult Run(params string[] arguments) => Cli.Run([.. arguments.Prepend("instance")]);

    /// <summary>As <see cref="Run"/>; fails unless the exit code is 0.</summary>
    protected CommandResult Ok(params string[] arguments) => Run(arguments).ShouldExit(0);

    /// <summary>Starts an instance and returns its name.</summary>
    protected string StartInstance(Bundle bundle, params string[] args)
    {
        var name = NewId();
        Ok(["start", bundle.Path, name, .. args]);
        return name;
    }

    /// <summary>As <see cref="StartInstance"/> with a payload that says <c>up</c> when it is ready.</summary>
    protected string StartReady(Bundle bundle)
    {
        var name = StartInstance(bundle);
        WaitForLine(name, "up");
        return name;
    }

    /// <summary>Waits until the instance has written this line.</summary>
    protected void WaitForLine(string name, string line) =>
        Eventually.True(() => Ok("logs", name).Text.Split('\n').Contains(line), $"'{line}' in the log of {name}");

    /// <summary>What <c>list --json</c> has, by name.</summary>
    protected Dictionary<string, JsonObject> List(params string[] arguments) =>
        JsonNode.Parse(Ok(["list", "--json", .. arguments]).Text)!["instances"]!.AsArray().ToDictionary(entry => (string)entry!["instance"]!, entry => entry!.AsObject());

    /// <summary>A command that stays, its standard input open.</summary>
    protected RunningCommand StartCommand(params string[] arguments)
    {
        var command = Cli.Prepare([.. arguments.Prepend("instance")]);
        command.Input = null;
        return command.Start();
    }
}
