using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>From the plan to the payload: what fails the create, what fails the start, and what the payload is in the end.</summary>
public sealed class ProcessPlanTests : EngineTest
{
    private readonly string _rootfs;

    public ProcessPlanTests()
    {
        _rootfs = Path.Combine(Directory, "rootfs");
        Rootfs.Create(_rootfs);
    }

    private DirectContainer Enter(bool proc = true)
    {
        var container = Owned(new DirectContainer(Directory));
        container.Spawn(_rootfs);
        if (proc)
        {
            container.Mount("proc", "/proc", MountFlags.NoSymlink).Wait();
        }

        container.Stage.EnterRoot(0, false).Wait();
        return container;
    }

    private static ProcessDescription Plan(params string[] args) => new() { Args = args, Env = ["PATH=/usr/bin:/bin"] };

    [RootFact(Needs.Probe)]
    public void A_command_that_is_missing_or_magic_fails_the_create()
    {
        var container = Enter();
        foreach (var (command, errno) in new[]
                 {
                     ("nosuch", Errno.ENOENT), ("/etc/passwd", Errno.EACCES), ("/bin", Errno.EACCES), ("", Errno.ENOENT),
                     ("/proc/self/exe", Errno.ELOOP), ("/proc/self/fd/4", Errno.ELOOP),
                 })
        {
            var error = Assert.Throws<RpcException>(() => container.Prepare(Plan(command)));
            Assert.Equal(("execve", command, errno), (error.Operation, error.Path, error.Errno));
        }
    }

    [RootFact(Needs.Probe)]
    public void A_working_directory_that_is_missing_or_magic_fails_the_create()
    {
        var container = Enter();
        foreach (var directory in new[] { "/nosuch", "/etc/passwd", "/proc/self/fd/4", "/proc/1/cwd", "/proc/1/root" })
        {
            var plan = Plan("true");
            plan.Cwd = directory;
            Assert.Equal("chdir", Assert.Throws<RpcException>(() => container.Prepare(plan)).Operation);
        }

        var made = Plan("pwd");
        made.Cwd = "/made/for/it";
        made.Flags = ProcessFlags.MakeCwd;
        Assert.Equal("/made/for/it", container.RunToEnd(made, entered: true));
    }

    [RootFact(Needs.Probe)]
    public void Requests_out_of_order_are_refused_and_harm_nothing()
    {
        var container = Enter();
        Assert.Throws<RpcException>(container.Stage.AttachRoot(0, mount_h.MS_SLAVE).Wait);
        Assert.Throws<RpcException>(container.Stage.EnterRoot(0, false).Wait);
        Assert.Throws<RpcException>(container.Stage.Finish().Wait);
        Assert.Throws<RpcException>(container.Stage.CreateConsole(1, 1).Wait);
        using (SafeFd open = SealedMemfd.Create("plan", "not a plan"u8))
        {
            Assert.Throws<RpcException>(container.Stage.PrepareProcess(open).Wait);
        }

        Assert.Equal("fine", container.RunToEnd(Plan("echo", "fine"), entered: true));
    }

    [RootTheory(Needs.Probe)]
    [InlineData("not a program", Errno.ENOEXEC)]
    [InlineData("#!/no/such/interpreter\n", Errno.ENOENT)]
    public void What_only_execve_can_know_fails_the_start(string content, int errno)
    {
        var program = Path.Combine(_rootfs, "program");
        File.WriteAllText(program, content);
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
        var container = Enter();
        container.Prepare(Plan("/program"));
        container.Stage.Finish().Wait();
        container.Supervisor.Created().Wait();
        var error = Assert.Throws<RpcException>(container.Supervisor.Start().Wait);
        Assert.Equal(("execve", "/program", errno, StageId.Payload), (error.Operation, error.Path, error.Errno, error.Stage));
    }

    [RootFact(Needs.Probe)]
    public void The_payload_has_exactly_the_identity_of_the_plan()
    {
        var plan = Plan("sh", "-c", "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|SigBlk|SigIgn)' /proc/self/status; umask; ulimit -n; ls /proc/self/fd; echo $HOME; echo again > /dev/stdout");
        plan.Flags = ProcessFlags.NoNewPrivileges | ProcessFlags.HasCapabilities | ProcessFlags.HasUmask;
        (plan.Uid, plan.Gid, plan.Groups, plan.Umask) = (1000, 1000, [5, 100, 7], 0x17);
        plan.Bounding = plan.Permitted = plan.Effective = 1ul << capability_h.CAP_NET_BIND_SERVICE | 1ul << capability_h.CAP_KILL;
        plan.Inheritable = plan.Ambient = 1ul << capability_h.CAP_KILL;
        plan.Rlimits = [new ResourceLimit(resource_h.RLIMIT_NOFILE, 100, 200)];
        File.CreateSymbolicLink(Path.Combine(_rootfs, "dev/stdout"), "/proc/self/fd/1");
        var lines = Enter().RunToEnd(plan, entered: true).Split('\n').Select(line => line.Replace('\t', ' ').Trim()).ToList();

        Assert.Equal(
            [
                "Uid: 1000 1000 1000 1000", "Gid: 1000 1000 1000 1000", "Groups: 5 7 100", "SigBlk: 0000000000000000", "SigIgn: 0000000000000000",
                "CapInh: 0000000000000020", "CapPrm: 0000000000000020", "CapEff: 0000000000000020", "CapBnd: 0000000000000420",
                "CapAmb: 0000000000000020", "NoNewPrivs: 1", "Seccomp: 0", "0027", "100", "0", "1", "2", "3", "/home", "again",
            ],
            lines);
    }

    [RootTheory(Needs.Probe)]
    [InlineData("fifo", "/")]
    [InlineData("device", "/")]
    [InlineData("directory", "/")]
    [InlineData("sparse", "/")]
    [InlineData("long", "/")]
    [InlineData("names", "/right")]
    public void Home_comes_from_a_passwd_that_may_be_anything(string kind, string home)
    {
        var passwd = Path.Combine(_rootfs, "etc/passwd");
        File.Delete(passwd);
        switch (kind)
        {
            case "fifo": Native.Check(Native.mkfifo(passwd, 0x1b6), "mkfifo"); break;
            case "device": File.CreateSymbolicLink(passwd, "/dev/zero"); break;
            case "directory": System.IO.Directory.CreateDirectory(passwd); break;
            case "sparse": using (var file = File.Create(passwd)) { file.SetLength(1L << 30); } break;
            case "long": File.WriteAllText(passwd, new string('a', 4 << 20) + ":x:1000:0::/wrong:/\n"); break;
            default: File.WriteAllText(passwd, "1000:x:0:0::/wrong:/\n:::\n\nx:x:+1000:0::/wrong:/\nno:home:1000\nu:x:1000:0:a b:/right:/bin/sh"); break;
        }

        var container = Owned(new DirectContainer(Directory));
        container.Spawn(_rootfs);
        container.Stage.CreateDevice("/dev/zero", stat_h.S_IFCHR | 0x1b6, 1, 5, 0, 0).Wait();
        var plan = Plan("env");
        plan.Uid = 1000;
        Assert.Contains("HOME=" + home, container.RunToEnd(plan).Split('\n'));
    }
}
