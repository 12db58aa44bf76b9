namespace Engine.Tests.Conformance.Entries;

/// <summary>runtime.md: the steps of the lifecycle that are not hooks.</summary>
internal static class Lifecycle
{
    public static Entry[] All { get; } =
    [
        new("lifecycle.create.does-not-run", "runtime.md#lifecycle 2", "the user-specified program does not run before start", t =>
        {
            var container = t.Create(t.NewBundle().Probe("say", "ran"));
            Assert.Equal("created", container.Status);
            Assert.Equal("", container.Output);
            container.Start();
            Assert.Equal(0, container.WaitForEnd());
            Assert.Equal("say ran\n", container.Output);
        }),
        new("lifecycle.config-is-read-once", "runtime.md#lifecycle 2", "updates of config.json after create do not affect the container", t =>
        {
            var bundle = t.NewBundle().Probe("say", "first");
            var container = t.Create(bundle);
            _ = bundle.Probe("say", "second").Path;
            container.Start().WaitForEnd();
            Assert.Equal("say first\n", container.Output);
        }),
        new("lifecycle.config-may-go", "runtime.md#lifecycle 2", "start, state and delete do not need config.json any more", t =>
        {
            var bundle = t.NewBundle().Probe("say", "ran");
            var container = t.Create(bundle);
            File.Delete(Path.Combine(bundle.Path, "config.json"));
            container.Start().WaitForEnd();
            Assert.Equal("stopped", container.Status);
            container.Delete();
        }),
        new("lifecycle.statuses", "runtime.md#state", "status is created, then running, then stopped", t =>
        {
            var container = t.Create(t.NewWaiting());
            Assert.Equal("created", container.Status);
            container.Start().WaitForOutput("ready");
            Assert.Equal("running", container.Status);
            container.Kill().WaitForEnd();
            Assert.Equal("stopped", container.Status);
        }),
        new("lifecycle.exit-code", "runtime.md#lifecycle 10", "the container process ends with the program's exit code, seen by the caller's subreaper", t =>
            Assert.Equal(37, t.Start(t.NewBundle().Probe("exit", "37")).WaitForEnd())),
        new("lifecycle.crash", "runtime.md#lifecycle 10", "a program that dies of a signal leaves a stopped container", t =>
        {
            var container = t.Start(t.NewBundle().Shell("kill -SEGV $$; exec /probe exec /bin/sh -c 'kill -9 $$'"));
            container.WaitForEnd();
            Assert.Equal("stopped", container.Status);
        }),
        new("lifecycle.delete-undoes-create", "runtime.md#delete", "delete removes what create made: the cgroups and the state", t =>
        {
            var container = t.StartWaiting();
            var cgroup = t.View.Directory(container.Pid, t.View.IsV2 ? "" : "pids");
            Assert.True(Directory.Exists(cgroup));
            container.Kill().WaitForEnd();
            container.Delete();
            Assert.False(Directory.Exists(cgroup), $"{cgroup} still exists");
            Assert.NotEqual(0, t.Oci.Run("state", container.Id).ExitCode);
        }),
        new("lifecycle.delete-keeps-others", "runtime.md#delete", "delete does not remove what the container only used: the bundle and a joined namespace", t =>
        {
            var owner = t.StartWaiting();
            var bundle = t.NewWaiting().WithNamespace("network", $"/proc/{owner.Pid}/ns/net");
            var container = t.StartWaiting(bundle);
            container.Kill().WaitForEnd();
            container.Delete();
            Assert.True(File.Exists(Path.Combine(bundle.Rootfs, "probe")));
            Assert.Equal("running", owner.Status);
        }),
        new("lifecycle.id-reused", "runtime.md#delete", "after delete the id can be used again", t =>
        {
            var bundle = t.NewBundle().Probe("say", "ran");
            var container = t.Start(bundle);
            container.WaitForEnd();
            container.Delete();
            var (again, result) = t.TryCreate(container.Id, bundle.Path);
            Assert.True(result.ExitCode == 0, again.Error);
            Assert.Equal("created", again.Status);
        }),
        new("lifecycle.start-without-caller", "runtime.md#lifecycle", "create returns; the container stays without the process that created it", t =>
        {
            var container = t.Create(t.NewWaiting());
            // Whatever is left of this run, beside the container process, would be a helper of the runtime.
            var pid = container.Pid;
            Assert.True(Eventually.Holds(() => LeakGate.Processes().All(p => p == pid), 5),
                $"beside the container process {pid}: {string.Join("; ", LeakGate.Processes().Where(p => p != pid).Select(p => $"{p} {ProcFs.CommandLine(p)}"))}");
            container.Start().WaitForOutput("ready");
            Assert.True(Eventually.Holds(() => LeakGate.Processes().All(p => p == pid), 5),
                $"after start, beside {pid}: {string.Join("; ", LeakGate.Processes().Where(p => p != pid).Select(p => $"{p} {ProcFs.CommandLine(p)}"))}");
        }),
        new("lifecycle.reparenting", "runc CLI create", "after create the container process is a child of the caller's subreaper", t =>
        {
            var pid = t.Create(t.NewWaiting()).Pid;
            Assert.True(Eventually.Holds(() => ProcFs.Parent(pid) == Environment.ProcessId, 5), $"the parent is {ProcFs.Parent(pid)}, not {Environment.ProcessId}");
        }),
        new("lifecycle.children-die", "runtime.md#delete", "when the pid namespace's first process ends, nothing of the container stays", t =>
        {
            var container = t.Start(t.NewBundle().Probe("orphan", "orphan", "say", "ready", "forever")).WaitForOutput("ready");
            container.Kill().WaitForEnd();
            container.Delete();
            Assert.True(Eventually.Holds(() => LeakGate.Processes().Count == 0, 5));
        }),
    ];
}
