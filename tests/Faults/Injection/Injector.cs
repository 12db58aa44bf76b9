using System.Globalization;

namespace Engine.Tests.Faults.Injection;

/// <summary>A kind of call that a stage made, and how often.</summary>
internal sealed record Seen(string Stage, int Number, int Times);

/// <summary>Runs a command of the engine under inject.c.</summary>
internal sealed class Injector(Ground ground)
{
    // A command that says nothing for so long hangs, whatever failed.
    private const double Seconds = 40;

    /// <summary>The command's own first thread counts as the stage c:cli.</summary>
    public bool FollowsCommand { get; init; }

    /// <summary>The first thread of a master counts as the stage m:mas.</summary>
    public bool FollowsMaster { get; init; }

    private string Note => Path.Combine(ground.Directory, "inject");

    /// <summary>The program, beside the one that runs.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "inject");

    /// <summary>What the last command met: the fault had its call.</summary>
    public bool Met => File.Exists(Note) && File.ReadAllText(Note).StartsWith("met", StringComparison.Ordinal);

    /// <summary>The calls of a run without a fault.</summary>
    public IReadOnlyList<Seen> Calls => File.ReadLines(Note).Select(l => l.Split(' '))
        .Select(f => new Seen(f[0], int.Parse(f[1], CultureInfo.InvariantCulture), int.Parse(f[2], CultureInfo.InvariantCulture))).ToList();

    /// <summary><c>engine oci ARGUMENTS</c> with the fault, or with none to record its calls.</summary>
    /// <param name="fault">Null records.</param>
    /// <param name="starters">Starters that run already and are followed, too; then until the last of them has ended.</param>
    /// <param name="arguments">Behind <c>engine oci</c>.</param>
    public CommandResult Run(Fault? fault, IReadOnlyList<int> starters, params string[] arguments)
    {
        File.Delete(Note);
        List<string> line = ["-r", Note];
        foreach (var pid in starters)
        {
            line.AddRange(["-p", pid.ToString(CultureInfo.InvariantCulture)]);
        }
        if (fault is not null)
        {
            line.AddRange(["-i", fault.Argument]);
        }
        if (FollowsCommand)
        {
            line.Add("-c");
        }
        if (FollowsMaster)
        {
            line.Add("-m");
        }
        if (starters.Count > 0)
        {
            line.Add("-l");
        }
        var command = new Command(Program, [.. line, "--", .. ground.Profile.Prefix, ground.Profile.Engine, "oci", .. arguments]) { Seconds = Seconds };
        command.Environment["ENGINE_ROOT"] = ground.Cli.Root;
        return command.Run();
    }
}
