using Microsoft.Win32.SafeHandles;

namespace Engine.Tests.Conformance.Entries;

/// <summary>config-linux.md#seccomp: SCMP_ACT_NOTIFY with listenerPath, and the container process state that comes with the descriptor.</summary>
internal static class SeccompNotify
{
    // linux/seccomp.h: _IOWR('!', 0, struct seccomp_notif) and _IOWR('!', 1, struct seccomp_notif_resp).
    private const nuint NotifyReceive = 0xc0502100, NotifySend = 0xc0182101;

    private const int ENOMEDIUM = 123;

    // sched_get_priority_max: no runtime calls it on its way to the program.
    private const string Name = "sched_get_priority_max", Number = "146";

    public static Entry[] All { get; } =
    [
        new("seccomp.notify", "config-linux.md#seccomp", "the listener gets a descriptor that answers the program's system call", t =>
        {
            using var listener = new DescriptorSocket(t.File("seccomp.sock"));
            var container = t.Create(Bundle(t, listener, null));
            container.Start();
            var (_, descriptors) = listener.Receive();
            using var notify = Assert.Single(descriptors);
            Answer(notify);
            Assert.Equal(0, container.WaitForEnd());
            Assert.Equal("syscall ENOMEDIUM\n", container.Output);
        }),
        new("seccomp.notify.state", "config-linux.md#the-container-process-state", "the message is the container process state with fds, pid, metadata and the container's state", t =>
        {
            using var listener = new DescriptorSocket(t.File("seccomp.sock"));
            var container = t.Create(Bundle(t, listener, "meta data"));
            container.Start();
            var (text, descriptors) = listener.Receive();
            var message = JsonNode.Parse(text)!;
            Assert.Equal("seccompFd", (string?)Assert.Single(message["fds"]!.AsArray()));
            Assert.Equal(container.Pid, (int)message["pid"]!);
            Assert.Equal("meta data", (string?)message["metadata"]);
            Assert.NotNull((string?)message["ociVersion"]);
            Assert.Equal(container.Id, (string?)message["state"]!["id"]);
            Assert.NotNull((string?)message["state"]!["bundle"]);
            Assert.Equal(container.Pid, (int)message["state"]!["pid"]!);
            using var notify = Assert.Single(descriptors);
            Answer(notify);
            container.WaitForEnd();
        }),
        new("seccomp.notify.no-listener", "config-linux.md#seccomp", "SCMP_ACT_NOTIFY without listenerPath is an error", t =>
            t.Refused(Seccomp.With(t, Seccomp.Profile("SCMP_ACT_ALLOW", Seccomp.Rule("SCMP_ACT_NOTIFY", [Name]))).Probe("say", "ran"))),
        new("seccomp.notify.nobody-listens", "config-linux.md#seccomp", "a listenerPath on which nobody listens is an error", t =>
        {
            var bundle = Seccomp.With(t, Seccomp.Profile("SCMP_ACT_ALLOW", Seccomp.Rule("SCMP_ACT_NOTIFY", [Name]))).Probe("say", "ran");
            bundle.Linux["seccomp"]!["listenerPath"] = t.File("nobody.sock");
            t.Refused(bundle, atStart: true);
        }),
        new("seccomp.notify.metadata-without-path", "config-linux.md#seccomp", "listenerMetadata without listenerPath is an error", t =>
        {
            var bundle = Seccomp.With(t, Seccomp.Profile("SCMP_ACT_ALLOW", Seccomp.Rule("SCMP_ACT_ERRNO", [Name]))).Probe("say", "ran");
            bundle.Linux["seccomp"]!["listenerMetadata"] = "meta";
            t.Refused(bundle);
        }),
    ];

    private static Bundle Bundle(Scenario t, DescriptorSocket listener, string? metadata)
    {
        Scenario.Need(File.Exists("/proc/sys/kernel/seccomp/actions_avail") && File.ReadAllText("/proc/sys/kernel/seccomp/actions_avail").Contains("user_notif", StringComparison.Ordinal), "the kernel has no seccomp notification");
        var bundle = Seccomp.With(t, Seccomp.Profile("SCMP_ACT_ALLOW", Seccomp.Rule("SCMP_ACT_NOTIFY", [Name]))).Probe("syscall", Number, "0");
        bundle.Linux["seccomp"]!["listenerPath"] = listener.Path;
        if (metadata is not null)
        {
            bundle.Linux["seccomp"]!["listenerMetadata"] = metadata;
        }
        return bundle;
    }

    // Waits for the one notification and makes the call fail with an error that no kernel would give.
    private static unsafe void Answer(SafeFileHandle notify)
    {
        var request = stackalloc byte[80];
        var response = stackalloc byte[24];
        new Span<byte>(request, 80).Clear();
        new Span<byte>(response, 24).Clear();
        var descriptor = (int)notify.DangerousGetHandle();
        Assert.True(Kernel.WaitReadable(descriptor, 15_000), "no notification came");
        Native.Check(Kernel.ioctl(descriptor, NotifyReceive, (nint)request), "SECCOMP_IOCTL_NOTIF_RECV");
        *(ulong*)response = *(ulong*)request;
        *(int*)(response + 16) = -ENOMEDIUM;
        Native.Check(Kernel.ioctl(descriptor, NotifySend, (nint)response), "SECCOMP_IOCTL_NOTIF_SEND");
    }
}
