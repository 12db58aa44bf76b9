namespace Engine.Tests.Conformance.Entries;

/// <summary>runtime.md#operations: which operation is an error in which state, ids, signals.</summary>
internal static class Operations
{
    private static readonly string[] BadIds = ["a/b", "..", ".", "with blank", "new\nline", ""];

    public static Entry[] All { get; } =
    [
        new("state.no-id", "runtime.md#query-state", "state without an id is an error", t => t.Oci.Refused("state")),
        new("state.unknown", "runtime.md#query-state", "state of an unknown id is an error", t => t.Oci.Refused("state", t.NewId())),
        new("create.no-id", "runtime.md#create", "create without an id is an error", t => t.Oci.Refused("create", "--bundle", t.NewBundle().Path)),
        new("create.duplicate", "runtime.md#create", "an id in use is an error, and the container that has it is not touched", t =>
        {
            var container = t.StartWaiting();
            var (_, result) = t.TryCreate(container.Id, t.NewWaiting().Path);
            Assert.NotEqual(0, result.ExitCode);
            Assert.Equal("running", container.Status);
            Assert.True(ProcFs.Lives(container.Pid));
        }),
        new("create.duplicate.stopped", "runtime.md#create", "an id whose container is stopped but not deleted is still in use", t =>
        {
            var container = t.Start(t.NewBundle().Probe("say", "ran"));
            container.WaitForEnd();
            Assert.NotEqual(0, t.TryCreate(container.Id, t.NewWaiting().Path).Result.ExitCode);
            Assert.Equal("stopped", container.Status);
        }),
        .. BadIds.Select((id, i) => new Entry($"create.id.bad-{i}", "runc CLI create", $"the id '{id.Replace("\n", "\\n", StringComparison.Ordinal)}' is refused", t =>
        {
            // An id that could name another directory is not even given to delete.
            if (id.Length > 0 && !id.AsSpan().ContainsAny('/', '.'))
            {
                t.Track(id);
            }
            Assert.NotEqual(0, t.TryCreate(id, t.NewWaiting().Path).Result.ExitCode);
        })),
        new("create.id.good", "runc CLI create", "an id of letters, digits and _ + - . is accepted", t =>
        {
            var id = t.Track(t.NewId() + "_A+b.c-1");
            var (container, result) = t.TryCreate(id, t.NewWaiting().Path);
            Assert.True(result.ExitCode == 0, container.Error);
            Assert.Equal(id, (string?)container.State["id"]);
        }),
        new("start.no-id", "runtime.md#start", "start without an id is an error", t => t.Oci.Refused("start")),
        new("start.unknown", "runtime.md#start", "start of an unknown id is an error", t => t.Oci.Refused("start", t.NewId())),
        new("start.running", "runtime.md#start", "start of a running container is an error and has no effect", t =>
        {
            var container = t.StartWaiting();
            t.Oci.Refused("start", container.Id);
            Assert.Equal("running", container.Status);
            Assert.Equal("say ready\n", container.Output);
        }),
        new("start.stopped", "runtime.md#start", "start of a stopped container is an error and has no effect", t =>
        {
            var container = t.Start(t.NewBundle().Probe("say", "ran"));
            container.WaitForEnd();
            t.Oci.Refused("start", container.Id);
            Assert.Equal("stopped", container.Status);
            Assert.Equal("say ran\n", container.Output);
        }),
        new("kill.no-id", "runtime.md#kill", "kill without an id is an error", t => t.Oci.Refused("kill")),
        new("kill.unknown", "runtime.md#kill", "kill of an unknown id is an error", t => t.Oci.Refused("kill", t.NewId(), "KILL")),
        new("kill.stopped", "runtime.md#kill", "kill of a stopped container is an error", t =>
        {
            var container = t.Start(t.NewBundle().Probe("say", "ran"));
            container.WaitForEnd();
            t.Oci.Refused("kill", container.Id, "KILL");
        }),
        new("kill.created", "runtime.md#kill", "a created container can be killed", t =>
        {
            var container = t.Create(t.NewWaiting());
            container.Kill();
            Assert.Equal(137, container.WaitForEnd());
            Assert.Equal("stopped", container.Status);
        }),
        new("kill.default", "runc CLI kill", "without a signal it is SIGTERM", t => Signalled(t, "TERM")),
        new("kill.name", "runc CLI kill", "a signal by name", t => Signalled(t, "USR1", "USR1")),
        new("kill.sig-name", "runc CLI kill", "a signal by name with SIG", t => Signalled(t, "USR2", "SIGUSR2")),
        new("kill.number", "runc CLI kill", "a signal by number", t => Signalled(t, "HUP", "1")),
        new("kill.realtime", "runc CLI kill", "a realtime signal by number", t => Signalled(t, "37", "37")),
        new("kill.bad-signal", "runc CLI kill", "a signal that does not exist is an error and has no effect", t =>
        {
            var container = t.StartWaiting();
            t.Oci.Refused("kill", container.Id, "NONSENSE");
            Assert.Equal("running", container.Status);
        }),
        new("kill.all", "runc CLI kill --all", "every process of a container without its own pid namespace gets the signal", t =>
        {
            var container = t.StartWaiting(t.NewBundle().WithoutNamespace("pid").Probe("orphan", "say", "ready", "forever"));
            var orphan = int.Parse(container.Probe["orphan"], System.Globalization.CultureInfo.InvariantCulture);
            t.Oci.Ok("kill", "--all", container.Id, "KILL");
            Assert.Equal(137, container.WaitForEnd());
            Assert.True(Eventually.Holds(() => !ProcFs.Lives(orphan), 10), "the other process lives");
        }),
        new("delete.no-id", "runtime.md#delete", "delete without an id is an error", t => t.Oci.Refused("delete")),
        new("delete.unknown", "runtime.md#delete", "delete of an unknown id is an error", t => t.Oci.Refused("delete", t.NewId())),
        new("delete.running", "runtime.md#delete", "delete of a running container is an error and has no effect", t =>
        {
            var container = t.StartWaiting();
            t.Oci.Refused("delete", container.Id);
            Assert.Equal("running", container.Status);
        }),
        new("delete.created", "runtime.md#delete", "delete of a created container is an error and has no effect", t =>
        {
            var container = t.Create(t.NewWaiting());
            t.Oci.Refused("delete", container.Id);
            Assert.Equal("created", container.Status);
        }),
        new("delete.force", "runc CLI delete --force", "delete --force kills a running container and deletes it", t =>
        {
            var container = t.StartWaiting();
            t.Oci.Ok("delete", "--force", container.Id);
            container.WaitForEnd();
            Assert.Null(container.Status);
        }),
        new("delete.force.unknown", "runc CLI delete --force", "delete --force of an unknown id succeeds", t => t.Oci.Ok("delete", "--force", t.NewId())),
        new("delete.force.paused", "runc CLI delete --force", "delete --force of a paused container thaws and deletes it", t =>
        {
            Paused.NeedFreezer(t);
            var container = t.StartWaiting();
            t.Oci.Ok("pause", container.Id);
            t.Oci.Ok("delete", "--force", container.Id);
            Assert.True(Eventually.Holds(() => !ProcFs.Lives(container.Pid), 10), "the process lives");
        }),
    ];

    private static void Signalled(Scenario t, string expected, string? argument = null)
    {
        var container = t.Start(t.NewBundle().Shell($"trap 'echo caught; exit 9' {expected}; echo ready; while :; do sleep 0.05; done")).WaitForOutput("ready");
        _ = container.Pid;
        t.Oci.Ok(argument is null ? ["kill", container.Id] : ["kill", container.Id, argument]);
        Assert.Equal(9, container.WaitForEnd());
        Assert.Contains("caught", container.Output, StringComparison.Ordinal);
    }
}

/// <summary>What pausing asks of the machine.</summary>
internal static class Paused
{
    /// <summary>A freezer: always on v2, a controller on v1.</summary>
    public static void NeedFreezer(Scenario t)
    {
        if (!t.View.IsV2)
        {
            t.NeedController("freezer");
        }
    }
}
