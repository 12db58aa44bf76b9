namespace Engine.Tests.Faults.Entries;

/// <summary>Payloads that do not go when they are told to, or go by halves.</summary>
internal static class Payloads
{
    private static readonly (string Name, string Script)[] Table =
    [
        ("FI16.forks", "while :; do (sleep 100 &); done"),
        ("FI37.ignores", "trap '' TERM INT HUP; while :; do sleep 1; done"),
        ("FI37.stopped", "kill -STOP 1; (trap '' TERM; kill -STOP $$; sleep 100) & sleep 1; sleep 100"),
    ];

    public static Entry[] All { get; } =
    [
        .. Table.Select(row => new Entry(row.Name, "delete --force takes it, at once and again", ground =>
        {
            var id = ground.Start(ground.NewBundle().Shell(row.Script).WithResources(r => r["pids"] = new JsonObject { ["limit"] = 100 }));
            if (row.Name.EndsWith("forks", StringComparison.Ordinal))
            {
                Eventually.True(() => ProcFs.Pids().Count(p => ProcFs.Read(p, "cgroup")?.Contains(id, StringComparison.Ordinal) == true) > 90, "its limit");
            }
            ground.DeleteAndCheck(id);
        })),
        new("FI16.frozen", "a frozen container with many processes is deleted", ground =>
        {
            var id = ground.Start(ground.NewBundle().Shell("for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; wait"));
            ground.Cli.OciOk("pause", id);
            ground.DeleteAndCheck(id);
        }),
        new("FI37.traced", "a payload that somebody traces is deleted", ground =>
        {
            if (Installation.Find("strace") is null)
            {
                throw new SkipException("strace is not installed");
            }
            var id = ground.Start(ground.NewWaiting());
            var payload = new Roles(ground.Cli, id).Payload;
            ground.Owned(new Command(Installation.Find("strace")!, "-o", "/dev/null", "-p", payload.ToString(System.Globalization.CultureInfo.InvariantCulture)).Start());
            Eventually.True(() => ProcFs.Status(payload, "TracerPid") is not (null or "0"), "the tracer");
            ground.DeleteAndCheck(id);
        }),
        new("FI36.closed", "a payload that closes its streams runs on and its code is told", ground =>
        {
            var id = ground.Start(ground.NewBundle().Shell("echo before; exec 0<&- 1>&- 2>&-; sleep 0.3; exit 9"));
            Assert.Equal("9\n", ground.Cli.OciOk("wait", id).Text);
            Assert.Contains("before", File.ReadAllText(ground.Cli.DefaultLog(id)), StringComparison.Ordinal);
        }),
        new("FI36.daemon", "a daemon that keeps the pipes does not keep the container: the end is told when the first process ends", ground =>
        {
            foreach (var bundle in new[] { ground.NewBundle(), ground.NewBundle().WithoutNamespace("pid") })
            {
                var id = ground.Start(bundle.Shell("(trap '' TERM HUP; (sleep 1000) & sleep 1000) & echo started; exit 4"));
                Assert.Equal("4\n", ground.Cli.OciOk("wait", id).Text);
                Assert.Contains("started", File.ReadAllText(ground.Cli.DefaultLog(id)), StringComparison.Ordinal);
                ground.DeleteAndCheck(id);
            }
        }),
        new("FI17.memory", "a payload that the kernel kills for its memory is told so, and the engine goes on", ground =>
        {
            if (!TestRun.Hierarchies.Any(h => h.EndsWith("/memory", StringComparison.Ordinal)))
            {
                throw new SkipException("no memory controller of cgroup v1");
            }
            var other = ground.Start(ground.NewWaiting());
            var id = ground.Start(ground.NewBundle().Shell("exec tail /dev/zero").WithResources(r => r["memory"] = new JsonObject { ["limit"] = 33554432 }));
            ground.Cli.WaitForStatus(id, "stopped", 60);
            var state = ground.Cli.State(id);
            Assert.Equal((137, true), ((int)state["exitCode"]!, (bool?)state["oomKilled"]));
            Assert.Equal("running", Truth.Status(ground.Cli, other));
        }),
    ];
}
