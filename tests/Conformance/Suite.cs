using Engine.Tests.Conformance.Entries;

namespace Engine.Tests.Conformance;

/// <summary>Every entry, in the order of the specification's files.</summary>
internal static class Suite
{
    /// <summary>Whether the runtime runs anything at all here: asked before the others.</summary>
    public static Entry Preflight { get; } = new("preflight", "runtime.md#lifecycle", "a container can be created, started and deleted", t =>
    {
        var container = t.Start(t.NewBundle().Probe("say", "hello"));
        Assert.Equal(0, container.WaitForEnd());
        Assert.Equal("say hello\n", container.Output);
        container.Delete();
    });

    public static IReadOnlyList<Entry> All { get; } =
    [
        .. Lifecycle.All,
        .. Operations.All,
        .. StateDocument.All,
        .. Configuration.All,
        .. Root.All,
        .. Mounts.All,
        .. MountOptions.All,
        .. ProcessBasics.All,
        .. ProcessLimits.All,
        .. Terminals.All,
        .. Hooks.All,
        .. HookFailures.All,
        .. Namespaces.All,
        .. Devices.All,
        .. Paths.All,
        .. Resources.All,
        .. Seccomp.All,
        .. SeccompNotify.All,
        .. Features.All,
        .. ExecCommand.All,
        .. OtherCommands.All,
        .. RunCommand.All,
    ];
}
