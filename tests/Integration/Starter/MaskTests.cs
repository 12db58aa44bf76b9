using Engine.Rpc;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>What covers, what makes read-only, and what lies on the root.</summary>
public sealed class MaskTests : EngineTest
{
    private readonly string _rootfs;

    public MaskTests()
    {
        _rootfs = Path.Combine(Directory, "rootfs");
        Rootfs.Create(_rootfs);
    }

    private DirectContainer Spawn()
    {
        var container = Owned(new DirectContainer(Directory));
        container.Spawn(_rootfs);
        return container;
    }

    private static ProcessDescription Shell(string script) => new() { Args = ["sh", "-c", script], Env = ["PATH=/bin"] };

    [RootFact(Needs.Probe)]
    public void A_mask_is_the_hosts_null_device_whatever_the_container_calls_so()
    {
        File.CreateSymbolicLink(Path.Combine(_rootfs, "dev/null"), "/proc/sys/kernel/hostname");
        var container = Spawn();
        container.Mount("proc", "/proc", MountFlags.NoSymlink).Wait();
        container.Stage.EnterRoot(0, false).Wait();
        container.Stage.MaskPath("/proc/timer_list").Wait();
        container.Stage.MaskPath("/proc/version").Wait();
        container.Stage.MaskPath("/proc/fs").Wait();
        container.Stage.MaskPath("/proc/no/such/file").Wait();
        var hostname = File.ReadAllText("/proc/sys/kernel/hostname");
        var output = container.RunToEnd(
            Shell("stat -c %t:%T:%F /proc/timer_list /proc/version; echo taken > /proc/timer_list; cat /proc/version; ls -A /proc/fs; touch /proc/fs/x"), entered: true);

        Assert.Equal(2, output.Split('\n').Count(line => line == "1:3:character special file"));
        Assert.Contains("Read-only file system", output, StringComparison.Ordinal);
        Assert.Equal(hostname, File.ReadAllText("/proc/sys/kernel/hostname"));
    }

    [RootFact(Needs.Probe)]
    public void A_read_only_path_is_read_only_with_all_that_is_mounted_below_it()
    {
        var container = Spawn();
        container.Mount("tmpfs", "/ro").Wait();
        container.Mount("tmpfs", "/ro/below").Wait();
        container.Stage.EnterRoot(0, false).Wait();
        container.Stage.ReadonlyPath("/ro").Wait();
        var output = container.RunToEnd(Shell("touch /ro/a; touch /ro/below/b; touch /c && echo written"), entered: true);

        Assert.Equal(2, output.Split('\n').Count(line => line.Contains("Read-only file system", StringComparison.Ordinal)));
        Assert.Contains("written", output, StringComparison.Ordinal);
    }

    [RootFact(Needs.Probe)]
    public void A_read_only_root_needs_no_proc_of_the_images()
    {
        System.IO.Directory.CreateDirectory(Path.Combine(_rootfs, "proc/self/fd"));
        var container = Spawn();
        container.Mount("tmpfs", "/tmp").Wait();
        container.Stage.EnterRoot(0, true).Wait();
        var output = container.RunToEnd(Shell("touch /x; touch /tmp/y && echo written"), entered: true);

        Assert.Contains("/x: Read-only file system", output, StringComparison.Ordinal);
        Assert.Contains("written", output, StringComparison.Ordinal);
    }

    // The stack on "/" is then three mounts high; the host's tree is not the topmost any more when the old root is taken away.
    [RootFact(Needs.Probe)]
    public void A_mount_on_the_root_leaves_nothing_of_the_host()
    {
        var container = Spawn();
        container.Bind(_rootfs, "/").Wait();
        container.Bind(_rootfs, "//.").Wait();
        container.Mount("proc", "/proc", MountFlags.NoSymlink).Wait();
        var mounts = container.RunToEnd("cat", "/proc/self/mountinfo").Split('\n');

        Assert.Equal(2, mounts.Length);
        Assert.Contains(mounts, line => line.Contains(" / / ", StringComparison.Ordinal) || line.Contains("rootfs / ", StringComparison.Ordinal));
    }

    [RootFact(Needs.Probe)]
    public void Only_sysctls_of_the_containers_own_namespaces_are_set()
    {
        var pattern = File.ReadAllText("/proc/sys/kernel/core_pattern");
        var container = Spawn();
        container.Stage.SetSysctl("kernel/msgmax", "4242").Wait();
        foreach (var key in new[]
                 {
                     "kernel/core_pattern", "net/ipv4/ip_forward", "kernel/msgmax/../core_pattern", "/kernel/msgmax", "kernel//msgmax",
                     "kernel/msgmax ", "./kernel/msgmax", "", "net/", "fs/mqueue/../../kernel/core_pattern", "kernel/msgmax\n",
                 })
        {
            Assert.Throws<RpcException>(container.Stage.SetSysctl(key, "1").Wait);
        }

        container.Mount("proc", "/proc", MountFlags.NoSymlink).Wait();
        Assert.Equal("4242", container.RunToEnd("cat", "/proc/sys/kernel/msgmax"));
        Assert.NotEqual("4242\n", File.ReadAllText("/proc/sys/kernel/msgmax"));
        Assert.Equal(pattern, File.ReadAllText("/proc/sys/kernel/core_pattern"));
    }

    [RootFact(Needs.Probe)]
    public void The_kernels_own_words_explain_a_bad_option()
    {
        var container = Spawn();
        var error = Assert.Throws<RpcException>(container.Mount("tmpfs", "/tmp", 0, "size=much").Wait);
        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("Bad value for 'size'", error.Detail, StringComparison.Ordinal);
        Assert.Equal(Errno.ENODEV, Assert.Throws<RpcException>(container.Mount("nosuchfs", "/tmp").Wait).Errno);
        container.Mount("nosuchfs", "/tmp", MountFlags.Optional).Wait();
    }

    [RootFact(Needs.Probe)]
    public void Copy_up_brings_the_old_content_and_leaves_the_image_alone()
    {
        var old = Path.Combine(_rootfs, "var/deep/er");
        System.IO.Directory.CreateDirectory(old);
        File.WriteAllText(Path.Combine(old, "file"), "content");
        File.SetUnixFileMode(Path.Combine(old, "file"), (UnixFileMode)0b100_100_000_000);
        File.CreateSymbolicLink(Path.Combine(old, "link"), "/etc/passwd");
        Native.Check(Native.chown(old, 7, 8), "chown");
        var container = Spawn();
        container.Mount("tmpfs", "/var", MountFlags.CopyUp).Wait();
        var output = container.RunToEnd("sh", "-c", "stat -c '%n %a %u %g' /var/deep/er /var/deep/er/*; cat /var/deep/er/file; readlink /var/deep/er/link; echo new > /var/new");

        Assert.Contains("/var/deep/er 755 7 8", output, StringComparison.Ordinal);
        Assert.Contains("/var/deep/er/file 4400 0 0", output, StringComparison.Ordinal);
        Assert.Contains("content/etc/passwd", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_rootfs, "var/new")));
    }
}
