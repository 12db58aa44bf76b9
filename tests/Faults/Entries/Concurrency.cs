using System.Globalization;

namespace Engine.Tests.Faults.Entries;

/// <summary>Many commands about one container at once.</summary>
internal static class Concurrency
{
    private static readonly string[][] Verbs =
    [
        ["state"], ["start"], ["pause"], ["resume"], ["kill", "USR1"], ["exec", "/bin/true"], ["delete"], ["list"], ["kill", "KILL"], ["delete", "--force"],
    ];

    public static Entry[] All { get; } =
    [
        new("FI29.verbs", "any verbs at once end, each with success or one line, and the state stays true", AnyVerbs),
        new("FI30.again", "create and delete of one id in a race leave a whole container or none", CreateAndDelete),
        new("FI33.exec", "many execs at once have their own exit codes and streams, some of them killed, and leave no terminal and no process", Execs),
    ];

    private static void AnyVerbs(Ground ground)
    {
        var random = new Random(1);
        var bundle = ground.NewWaiting().Path;
        for (var round = 0; round < 6; round++)
        {
            var id = ground.NewId();
            ground.Cli.OciOk("create", id, "-b", bundle);
            // Those that end the container come in the second half of the rounds only, or nothing would be left to disagree about.
            var verbs = Verbs[..(round < 3 ? ^3 : ^0)];
            var commands = Enumerable.Range(0, 16).Select(_ => verbs[random.Next(verbs.Length)]).Select(v => Start(ground, id, v)).ToList();
            foreach (var command in commands)
            {
                // What exec began in a container that was paused then waits for the end of the pause.
                _ = Eventually.Holds(() => command.HasExited || ground.Cli.Oci("resume", id).ExitCode == 0, 20);
                var result = command.Wait(60);
                command.Dispose();
                // 137: what exec ran was killed with the container.
                if (result.ExitCode is not (0 or 137))
                {
                    result.ShouldFail(255, "engine oci ");
                }
            }
            _ = Truth.Status(ground.Cli, id);
            ground.DeleteAndCheck(id);
        }
    }

    private static RunningCommand Start(Ground ground, string id, string[] verb)
    {
        var command = ground.Cli.StartOci(verb[0] == "list" ? verb : [verb[0], id, .. verb[1..]]);
        command.CloseInput();
        return command;
    }

    private static void CreateAndDelete(Ground ground)
    {
        var bundle = ground.NewWaiting().Path;
        var id = ground.NewId();
        for (var round = 0; round < 5; round++)
        {
            var commands = Enumerable.Range(0, 10).Select(i => Start(ground, id, i % 2 == 0 ? ["create", "-b", bundle] : ["delete", "--force"])).ToList();
            var results = commands.Select(c => c.Wait(60)).ToList();
            commands.ForEach(c => c.Dispose());
            foreach (var result in results.Where(r => r.ExitCode != 0))
            {
                result.ShouldFail(255, "engine oci ");
            }
            var status = Truth.Status(ground.Cli, id);
            Assert.Contains(status, new[] { null, "created" });
            ground.Cli.OciOk("delete", "--force", id);
        }
        ground.DeleteAndCheck(id);
    }

    private static void Execs(Ground ground)
    {
        var id = ground.Start(ground.NewWaiting());
        var terminals = Directory.GetFileSystemEntries("/dev/pts").Length;
        var payload = new Roles(ground.Cli, id).Payload;
        for (var wave = 0; wave < 4; wave++)
        {
            var commands = Enumerable.Range(0, 24).Select(i => Start(ground, id, ["exec", "/bin/sh", "-c", string.Create(CultureInfo.InvariantCulture, $"echo out{i}; exit {i}")])).ToList();
            // Whoever is killed says nothing of the others.
            var killed = commands.Where((_, i) => i % 6 == 5).ToList();
            killed.ForEach(c => _ = Native.kill(c.Pid, 9));
            for (var i = 0; i < commands.Count; i++)
            {
                var result = commands[i].Wait(60);
                if (!killed.Contains(commands[i]))
                {
                    Assert.Equal((i, $"out{i.ToString(CultureInfo.InvariantCulture)}\n", ""), (result.ExitCode, result.Text, result.Error));
                }
                commands[i].Dispose();
            }
        }
        Eventually.True(() => ProcFs.Pids().Where(p => ProcFs.Read(p, "cgroup")?.Contains(id, StringComparison.Ordinal) == true).ToArray() is [var one] && one == payload, "only the payload");
        Eventually.True(() => !Installation.Alone || Directory.GetFileSystemEntries("/dev/pts").Length == terminals, "the terminals of before");
        Assert.Equal("running", Truth.Status(ground.Cli, id));
    }
}
