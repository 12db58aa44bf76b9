namespace Engine.Tests.Conformance.Entries;

/// <summary>runc's <c>run</c>: create, start, wait and delete in one.</summary>
internal static class RunCommand
{
    public static Entry[] All { get; } =
    [
        new("run.exit-code", "runc CLI run", "run ends with the program's exit code", t => t.Run(t.NewBundle().Probe("exit", "42")).ShouldExit(42)),
        new("run.signal", "runc CLI run", "a program that dies of a signal makes run end with 128+N", t =>
        {
            using var running = t.Oci.Prepare("run", "--bundle", t.NewWaiting().Path, t.NewId()).Start();
            running.WaitForOutput("ready");
            var id = t.LastId;
            t.Oci.Ok("kill", id, "KILL");
            Assert.Equal(137, running.Wait(15).ExitCode);
        }),
        new("run.deletes", "runc CLI run", "after run the container is gone", t =>
        {
            t.Run(t.NewBundle().Probe("exit", "0")).ShouldExit(0);
            Assert.Null(t.Oci.Status(t.LastId));
        }),
        new("run.keep", "runc CLI run --keep", "--keep leaves the stopped container", t =>
        {
            t.Run(t.NewBundle().Probe("exit", "0"), "--keep").ShouldExit(0);
            Assert.Equal("stopped", t.Oci.Status(t.LastId));
        }),
        new("run.stdin", "runc CLI run", "standard input reaches the program, its end included", t =>
        {
            var command = t.Oci.Prepare("run", "--bundle", t.NewBundle().Probe("echo").Path, t.NewId());
            command.Input = "typed\n"u8.ToArray();
            Assert.Equal("typed\necho ended\n", command.Run().ShouldExit(0).Text);
        }),
        new("run.much-output", "runc CLI run", "output is complete", t => Assert.Equal(1_000_000, t.Run(t.NewBundle().Probe("spam", "1000000")).ShouldExit(0).Output.Length)),
        .. new[] { (15, "TERM"), (1, "HUP"), (10, "USR1"), (2, "INT") }.Select(s => new Entry($"run.forwards.{s.Item2}", "runc CLI run", $"run forwards SIG{s.Item2} to the program", t =>
        {
            var bundle = t.NewBundle().Shell($"trap 'echo caught; exit 9' {s.Item2}; echo up; while :; do sleep 0.05; done").Path;
            using var running = t.Oci.Prepare("run", "--bundle", bundle, t.NewId()).Start();
            running.WaitForOutput("up");
            running.Signal(s.Item1);
            Assert.Equal(9, running.Wait(15).ExitCode);
        })),
        new("run.detach", "runc CLI run --detach", "--detach returns when the program runs", t =>
        {
            var (id, bundle) = (t.NewId(), t.NewWaiting().Path);
            t.Oci.PrepareDetached(t.File("o"), t.File("e"), "run", "--detach", "--bundle", bundle, id).Run().ShouldExit(0);
            Assert.Equal("running", t.Oci.Status(id));
        }),
        new("run.detach.exited", "runc CLI run --detach", "a detached program that ended leaves a stopped container", t =>
        {
            var (id, bundle) = (t.NewId(), t.NewBundle().Probe("exit", "3").Path);
            t.Oci.PrepareDetached(t.File("o"), t.File("e"), "run", "--detach", "--bundle", bundle, id).Run().ShouldExit(0);
            Assert.True(Eventually.Holds(() => t.Oci.Status(id) == "stopped", 10));
        }),
        new("run.poststop", "runtime.md#lifecycle 13", "poststop hooks run at the end of run", t =>
        {
            var log = t.File("log", "");
            t.Run(Hooks.Script(t.NewBundle().Probe("exit", "0"), "poststop", $"echo ran >>{log}")).ShouldExit(0);
            Assert.Equal("ran", Hooks.Words(log));
        }),
        new("run.fails", "runc CLI run", "a run that cannot create leaves no container", t =>
        {
            var bundle = t.NewBundle().Args("/no/such/program");
            Assert.NotEqual(0, t.Run(bundle).ExitCode);
            Assert.Null(t.Oci.Status(t.LastId));
        }),
        new("run.quiet", "runc CLI run", "run itself prints nothing", t =>
        {
            var result = t.Run(t.NewBundle().Probe("say", "x"));
            Assert.Equal(("say x\n", ""), (result.Text, result.Error));
        }),
    ];
}
