namespace Engine.Tests.Conformance.Entries;

/// <summary>runtime.md#lifecycle: what a failing hook does. 1.3.0 made poststart's failure an error.</summary>
internal static class HookFailures
{
    private static readonly string[] AtCreate = ["prestart", "createRuntime", "createContainer"];

    public static Entry[] All { get; } =
    [
        .. AtCreate.Select(kind => new Entry($"hooks.fails.{kind}", "runtime.md#lifecycle", $"a {kind} hook that fails makes create fail and stops the container; poststop runs", t =>
        {
            var log = t.File("log", "");
            var bundle = Hooks.Script(Hooks.Script(Hooks.Script(t.NewWaiting(), kind, "exit 3"), kind, $"echo next >>{log}"), "poststop", $"echo poststop >>{log}");
            t.Refused(bundle);
            Assert.Equal("poststop", Hooks.Words(log));
        })),
        .. AtCreate.Select(kind => new Entry($"hooks.timeout.{kind}", "config.md#posix-platform-hooks", $"a {kind} hook that exceeds its timeout is ended and fails", t =>
        {
            var pid = t.File("pid");
            t.Refused(Hooks.Script(t.NewWaiting(), kind, $"echo $$ >{pid}; exec sleep 600", timeout: 1));
            Assert.True(Eventually.Holds(() => LeakGate.Processes().Count == 0, 5), "the hook still runs");
        })),
        new("hooks.not-executable", "config.md#posix-platform-hooks", "a hook that does not exist makes create fail", t => t.Refused(t.NewWaiting().WithHook("createRuntime", "/no/such/hook", ["hook"]))),
        new("hooks.signal", "runtime.md#lifecycle", "a hook that dies of a signal has failed", t => t.Refused(Hooks.Script(t.NewWaiting(), "createRuntime", "kill -9 $$"))),
        new("hooks.fails.startContainer", "runtime.md#lifecycle 7", "a startContainer hook that fails stops the container; the program does not run", t =>
        {
            var container = t.Create(Hooks.Script(t.NewBundle().Probe("say", "ran"), "startContainer", "exit 3"));
            _ = t.Oci.Run("start", container.Id);
            Assert.True(Eventually.Holds(() => container.Status is null or "stopped", 10), $"the status is {container.Status}");
            Assert.DoesNotContain("say ran", container.Output, StringComparison.Ordinal);
        }),
        new("hooks.fails.startContainer.reported", "runtime.md#lifecycle 7", "a startContainer hook that fails makes the start command an error", t =>
            t.Oci.Refused("start", t.Create(Hooks.Script(t.NewWaiting(), "startContainer", "exit 3")).Id)),
        new("hooks.fails.poststart", "runtime.md#lifecycle 9", "a poststart hook that fails makes start fail and stops the container", t =>
        {
            var container = t.Create(Hooks.Script(t.NewWaiting(), "poststart", "exit 3"));
            t.Oci.Refused("start", container.Id);
            Assert.True(Eventually.Holds(() => container.Status is null or "stopped", 10), $"the status is {container.Status}");
        }),
        new("hooks.fails.poststop", "runtime.md#lifecycle 13", "a poststop hook that fails is a warning: the remaining hooks run, the container is deleted", t =>
        {
            var log = t.File("log", "");
            var container = t.Start(Hooks.Script(Hooks.Script(t.NewBundle().Probe("exit", "0"), "poststop", "exit 3"), "poststop", $"echo second >>{log}"));
            container.WaitForEnd();
            container.Delete();
            Assert.Equal("second", Hooks.Words(log));
            Assert.Null(container.Status);
        }),
    ];
}
