using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>
/// Root filesystems made to lead the container stage out of themselves: what is asked for appears inside, or is refused; the
/// host does not change.
/// </summary>
public sealed class HostilePathTests : EngineTest
{
    private const uint Character = stat_h.S_IFCHR | 0x1b6;

    private readonly HostSentinel _host;
    private readonly string _rootfs;

    public HostilePathTests()
    {
        _host = new HostSentinel(Path.Combine(Directory, "host"));
        _rootfs = Path.Combine(Directory, "rootfs");
        Rootfs.Create(_rootfs);
    }

    private DirectContainer Spawn(bool terminal = false)
    {
        var container = Owned(new DirectContainer(Directory));
        container.Spawn(_rootfs, terminal);
        return container;
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_rootfs, name), target);

    [RootTheory(Needs.Probe)]
    [InlineData("absolute")]
    [InlineData("relative")]
    [InlineData("magic")]
    [InlineData("dangling")]
    [InlineData("deep")]
    public void Links_in_destinations_are_followed_inside_the_root_only(string kind)
    {
        Link("l", kind switch
        {
            "absolute" => _host.Path,
            "relative" => "../../../../../../../.." + _host.Path,
            "magic" => "/proc/1/root" + _host.Path,
            "dangling" => "/nowhere/at/all",
            _ => "l0",
        });
        if (kind == "deep")
        {
            for (var i = 0; i < 30; i++)
            {
                Link($"l{i}", i < 29 ? $"l{i + 1}" : _host.Path);
            }
        }

        var container = Spawn();
        container.Bind("/proc/version", "/l/f").Wait();
        container.Mount("tmpfs", "/l/d").Wait();
        container.Stage.CreateDirectory("/l/x/y/z", 0x1ed).Wait();
        container.Stage.CreateDevice("/l/null", Character, 1, 3, 0, 0).Wait();
        container.Stage.CreateSymlink("t", "/l/s", replace: true).Wait();
        Assert.Throws<RpcException>(container.Stage.CreateDevice("/l", Character, 1, 3, 0, 0).Wait);
        var output = container.RunToEnd("sh", "-c", "ls /l/ /l/x/y; cat /l/f");

        Assert.Contains("Linux version", output, StringComparison.Ordinal);
        Assert.Contains("null", output, StringComparison.Ordinal);
        Assert.DoesNotContain("ptmx", output, StringComparison.Ordinal);
        _host.AssertUntouched();
    }

    [RootFact(Needs.Probe)]
    public void A_link_to_itself_and_dots_behind_nothing_are_refused()
    {
        Link("self", "self");
        var container = Spawn();
        Assert.Equal(Errno.ELOOP, Assert.Throws<RpcException>(container.Bind("/proc/version", "/self/f").Wait).Errno);
        Assert.Throws<RpcException>(container.Stage.CreateDirectory("/new/../../x", 0x1ed).Wait);
        Assert.Throws<RpcException>(container.Stage.CreateDevice("/..", Character, 1, 3, 0, 0).Wait);
        Assert.Throws<RpcException>(container.Stage.CreateSymlink("x", "/", replace: true).Wait);
        _host.AssertUntouched();
    }

    [RootTheory(Needs.Probe)]
    [InlineData("directory")]
    [InlineData("file")]
    [InlineData("dangling")]
    [InlineData("inside")]
    [InlineData("regular")]
    [InlineData("fifo")]
    public void Proc_is_mounted_on_a_real_directory_or_not_at_all(string kind)
    {
        var proc = Path.Combine(_rootfs, "proc");
        System.IO.Directory.Delete(proc);
        switch (kind)
        {
            case "directory": Link("proc", _host.Path); break;
            case "file": Link("proc", "/etc/passwd"); break;
            case "dangling": Link("proc", "/nowhere"); break;
            case "inside": Link("proc", "tmp"); break;
            case "regular": File.WriteAllText(proc, ""); break;
            default: Native.Check(Native.mkfifo(proc, 0x1b6), "mkfifo"); break;
        }

        var container = Spawn();
        Assert.Throws<RpcException>(container.Mount("proc", "/proc", MountFlags.NoSymlink).Wait);
        Assert.Throws<RpcException>(container.Mount("sysfs", "/proc/sys", MountFlags.NoSymlink).Wait);
        Assert.Throws<RpcException>(container.Bind("/sys", "/proc").Wait);
        var mounts = ProcFs.Read(container.Pid, "mountinfo")!.Split('\n').Where(line => line.Contains(Directory, StringComparison.Ordinal));
        Assert.DoesNotContain(mounts, line => line.Contains(" - proc ", StringComparison.Ordinal));
        _host.AssertUntouched();
    }

    [RootTheory(Needs.Probe)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_dev_that_is_a_link_gets_its_devices_inside(bool relative, bool mounted)
    {
        System.IO.Directory.Delete(Path.Combine(_rootfs, "dev"));
        Link("dev", relative ? "../../../../../../../.." + _host.Path : _host.Path);
        var container = Spawn();
        if (mounted)
        {
            container.Mount("tmpfs", "/dev").Wait();
        }

        container.Stage.CreateDevice("/dev/null", Character, 1, 3, 0, 0).Wait();
        foreach (var name in new[] { "ptmx", "fd", "stdin", "core" })
        {
            container.Stage.CreateSymlink("target", "/dev/" + name, replace: true).Wait();
        }

        _host.AssertUntouched();
    }

    [RootTheory(Needs.Probe)]
    [InlineData("link", false)]
    [InlineData("dangling", false)]
    [InlineData("directory", false)]
    [InlineData("fifo", true)]
    [InlineData("file", true)]
    public void A_console_covers_what_is_there_and_follows_nothing(string kind, bool works)
    {
        var console = Path.Combine(_rootfs, "dev/console");
        switch (kind)
        {
            case "link": Link("dev/console", Path.Combine(_host.Path, "f")); break;
            case "dangling": Link("dev/console", Path.Combine(_host.Path, "new")); break;
            case "directory": System.IO.Directory.CreateDirectory(console); break;
            case "fifo": Native.Check(Native.mkfifo(console, 0x1b6), "mkfifo"); break;
            default: File.WriteAllText(console, ""); break;
        }

        var container = Spawn(terminal: true);
        container.Mount("devpts", "/dev/pts", MountFlags.Devpts, "newinstance", "ptmxmode=0666").Wait();
        Pending request = container.Stage.CreateConsole(24, 80);
        if (works)
        {
            request.Wait();
        }
        else
        {
            Assert.Throws<RpcException>(request.Wait);
        }

        _host.AssertUntouched();
    }

    [RootFact(Needs.Probe)]
    public void A_rename_storm_neither_fails_lookups_nor_leads_them_out()
    {
        var real = Path.Combine(_rootfs, "v/real");
        System.IO.Directory.CreateDirectory(real);
        var link = Path.Combine(_rootfs, "v/link");
        File.CreateSymbolicLink(link, _host.Path);
        using var stop = new CancellationTokenSource();
        var storm = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Native.Check(Native.renameat2(Native.AT_FDCWD, real, Native.AT_FDCWD, link, Native.RENAME_EXCHANGE), "renameat2");
            }
        });
        var container = Spawn();
        for (var i = 0; i < 100; i++)
        {
            Pending directory = container.Stage.CreateDirectory($"/v/real/{i}/a", 0x1ed);
            Pending mount = container.Mount("tmpfs", $"/v/real/{i}/b");
            try
            {
                directory.Wait();
                mount.Wait();
            }
            catch (RpcException error)
            {
                // A name that was a directory and then a link, or the other way round; nothing else may go wrong.
                Assert.Contains(error.Errno, new[] { Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EINVAL, Errno.EEXIST });
                mount.OnCompleted(_ => { });
            }
        }

        stop.Cancel();
        storm.Wait();
        _host.AssertUntouched();
        // Both trees are seen at "/" here; which one a mount is in, its parent says.
        var mounts = ProcFs.Read(container.Pid, "mountinfo")!.Split('\n').Select(line => line.Split(' ')).Where(fields => fields.Length > 4).ToList();
        var root = mounts.Single(fields => fields[3] == _rootfs)[0];
        var led = mounts.Where(fields => fields[4].StartsWith(_host.Path, StringComparison.Ordinal)).ToList();
        Assert.All(led, fields => Assert.Equal(root, fields[1]));
    }
}
