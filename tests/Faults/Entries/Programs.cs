using Engine.Tests.Faults.Injection;

namespace Engine.Tests.Faults.Entries;

/// <summary>
/// Failing system calls of the .NET programs. Before its first line of code such a program may end as its runtime ends it; what must hold is
/// that it does end, and leaves a container that is whole, or none.
/// </summary>
internal static class Programs
{
    private const int Bounded = 60;

    private static readonly int[] Errnos = [Errno.EPERM, Errno.ENOMEM, Errno.EIO, Errno.EMFILE, Errno.ENOSPC, Errno.EAGAIN];

    // Their failure is impossible, or is a wait without end by contract (futex).
    private static readonly HashSet<string> Never = ["exit", "exit_group", "rt_sigreturn", "futex", "getpid", "gettid", "geteuid", "getuid", "close", "munmap"];

    public static Entry[] All { get; } =
    [
        new("FI47.create", "a create whose command has a failing system call ends, with a whole container or none", ground => Creates(ground, "c:cli")),
        new("FI47.master", "a create whose master has a failing system call ends, with a whole container or none", ground => Creates(ground, "m:mas")),
        new("FI47.delete", "a delete with a failing system call ends, and can be made again", Deletes),
        new("FI47.exec", "an exec with a failing system call ends, and the container goes on", Execs),
    ];

    private static void Creates(Ground ground, string stage)
    {
        var bundle = ground.NewWaiting().Path;
        var ids = new Queue<string>();
        Sample(ground, stage, () => ["create", ground.NewId().Noted(ids), "-b", bundle], result =>
        {
            var id = ids.Dequeue();
            var status = Truth.Status(ground.Cli, id);
            Assert.Contains(status, new[] { null, "created", "stopped" });
            Assert.True(result.ExitCode != 0 || status == "created", $"it says that it is created, and is {status}\n{result}");
            if (status == "created")
            {
                ground.Cli.OciOk("start", id);
                ground.Cli.WaitForStatus(id, "running");
            }
            ground.DeleteAndCheck(id);
        });
    }

    private static void Deletes(Ground ground)
    {
        var bundle = ground.NewWaiting();
        var ids = new Queue<string>();
        Sample(ground, "c:cli", () => ["delete", "--force", ground.Start(bundle).Noted(ids)], result =>
        {
            var id = ids.Dequeue();
            Assert.True(result.ExitCode != 0 || Truth.Status(ground.Cli, id) is null, $"it says that it is deleted\n{result}");
            ground.DeleteAndCheck(id);
        });
    }

    private static void Execs(Ground ground)
    {
        var id = ground.Start(ground.NewWaiting());
        Sample(ground, "c:cli", () => ["exec", id, "/bin/echo", "here"], result =>
        {
            Assert.True(result.ExitCode != 0 || result.Text == "here\n", $"it says that it was executed\n{result}");
            Assert.Equal("running", Truth.Status(ground.Cli, id));
        });
    }

    // One failing call in each run: all of them when there is time, some otherwise.
    private static void Sample(Ground ground, string stage, Func<string[]> command, Action<CommandResult> judge)
    {
        var injector = new Injector(ground) { FollowsCommand = stage == "c:cli", FollowsMaster = stage == "m:mas" };
        var clean = injector.Run(null, [], command()).ShouldExit(0);
        var faults = injector.Calls.Where(c => c.Stage == stage && !Never.Contains(SystemCalls.Name(c.Number)))
            .SelectMany(c => Enumerable.Range(1, c.Times).SelectMany(n => Errnos.Select(e => new Fault(stage, c.Number, n, $"error={e}")))).ToArray();
        judge(clean);
        Assert.True(faults.Length > Bounded, $"{stage} was not followed: {faults.Length} faults");
        new Random(Effort.Seed).Shuffle(faults);
        var met = 0;
        foreach (var fault in faults.Take(Effort.IsLong ? faults.Length : Bounded))
        {
            try
            {
                var result = injector.Run(fault, [], command());
                met += injector.Met ? 1 : 0;
                judge(result);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{fault}: {e.Message}", e);
            }
        }
        Assert.True(met > Bounded / 2, $"only {met} of the faults were met");
    }

    private static string Noted(this string id, Queue<string> ids)
    {
        ids.Enqueue(id);
        return id;
    }
}
