using Engine.Rpc;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>Exec into a container that may be hostile: what it is told, and what it finds there.</summary>
public sealed class ExecTests : EngineTest
{
    private readonly string _rootfs;

    public ExecTests()
    {
        _rootfs = Path.Combine(Directory, "rootfs");
        Rootfs.Create(_rootfs);
    }

    private DirectContainer Run()
    {
        var container = Owned(new DirectContainer(Directory));
        container.Spawn(_rootfs);
        container.Mount("proc", "/proc", MountFlags.NoSymlink).Wait();
        container.Stage.EnterRoot(0, false).Wait();
        container.Prepare(new ProcessDescription { Args = ["sleep", "1000"], Env = ["PATH=/bin"] });
        container.Start();
        return container;
    }

    private static ExecAnswer Exec(DirectContainer container, ProcessDescription process, params string[] cgroups) =>
        DirectExec.Run(container.Pid, DirectContainer.Namespaces, process, cgroups);

    private static ProcessDescription Plan(params string[] args) => new() { Args = args, Env = ["PATH=/bin"] };

    [RootFact(Needs.Probe)]
    public void The_exit_code_is_the_processes_or_says_why_there_was_none()
    {
        var container = Run();
        Assert.Equal((0u, 7), Exec(container, Plan("sh", "-c", "exit 7")) is var ended ? (ended.Kind, ended.ExitCode) : default);
        Assert.Equal(128 + signal_h.SIGTERM, Exec(container, Plan("sh", "-c", "kill -TERM $$")).ExitCode);
        foreach (var (command, code, errno) in new[]
                 {
                     ("nosuch", 127, Errno.ENOENT), ("/etc/passwd", 126, Errno.EACCES), ("/proc/self/exe", 126, Errno.ELOOP), ("/proc/1/fd/0", 126, Errno.ELOOP),
                 })
        {
            var answer = Exec(container, Plan(command));
            Assert.Equal((1u, code, "execve", command, errno), (answer.Kind, answer.FailureCode, answer.Operation, answer.Path, answer.Errno));
        }
    }

    [RootFact(Needs.Probe)]
    public void A_working_directory_of_descriptors_or_links_to_them_is_refused()
    {
        File.CreateSymbolicLink(Path.Combine(_rootfs, "way-out"), "/proc/self/fd/3");
        var container = Run();
        foreach (var directory in new[] { "/proc/self/fd/3", "/proc/self/cwd", "/proc/1/root", "/way-out", "/nosuch" })
        {
            var plan = Plan("true");
            plan.Cwd = directory;
            var answer = Exec(container, plan);
            Assert.Equal((1u, 255, "chdir", directory), (answer.Kind, answer.FailureCode, answer.Operation, answer.Path));
        }
    }

    // The container's own /dev/pts: no devpts at all here, but files of that name, one a link to a knob of the kernel's.
    [RootFact(Needs.Probe)]
    public void A_terminal_comes_from_a_devpts_or_not_at_all()
    {
        var pts = Path.Combine(_rootfs, "dev/pts");
        System.IO.Directory.CreateDirectory(pts);
        File.CreateSymbolicLink(Path.Combine(pts, "0"), "/proc/sys/kernel/core_pattern");
        var ptmx = Path.Combine(pts, "ptmx");
        var container = Run();
        var plan = Plan("true");
        plan.Flags = ProcessFlags.Terminal;
        Assert.Equal(Errno.ENOENT, Exec(container, plan).Errno);

        File.WriteAllText(ptmx, "");
        Assert.Equal(("console", "ptmx"), Exec(container, plan) is var file ? (file.Operation, file.Path) : default);
        File.Delete(ptmx);
        File.CreateSymbolicLink(ptmx, "/proc/sys/kernel/core_pattern");
        Assert.Equal(("openat2", Errno.ELOOP), Exec(container, plan) is var link ? (link.Operation, link.Errno) : default);
    }

    [RootFact(Needs.Probe)]
    public void The_process_is_in_the_containers_cgroups_when_it_begins()
    {
        var container = Run();
        var hierarchy = TestRun.Hierarchies.First(h => h.EndsWith("/pids", StringComparison.Ordinal) || h.EndsWith("/freezer", StringComparison.Ordinal));
        var cgroup = Path.Combine(hierarchy, Path.GetFileName(Directory));
        System.IO.Directory.CreateDirectory(cgroup);
        try
        {
            var plan = Plan("sh", "-c", $"grep -c {Path.GetFileName(Directory)} /proc/self/cgroup > /seen");
            Assert.Equal(0, Exec(container, plan, cgroup).ExitCode);
            Assert.Equal("1\n", File.ReadAllText(Path.Combine(_rootfs, "seen")));
            Assert.Equal("", File.ReadAllText(Path.Combine(cgroup, "cgroup.procs")));
        }
        finally
        {
            System.IO.Directory.Delete(cgroup);
        }
    }
}
