using System.Globalization;
using Engine.Rpc;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>
/// A kernel that refuses a change of identity, or only says that it made it (CVE-2020-5291, CVE-2023-38496): the payload is
/// never executed with what it should not have. strace plays the kernel.
/// </summary>
public sealed class CredentialTests : EngineTest
{
    private readonly string _rootfs;

    public CredentialTests()
    {
        _rootfs = Path.Combine(Directory, "rootfs");
        Rootfs.Create(_rootfs);
    }

    [RootTheory(Needs.Probe | Needs.Strace)]
    [InlineData("setresuid:retval=0", "credentials")]
    [InlineData("setresgid:retval=0", "credentials")]
    [InlineData("setgroups:retval=0", "credentials")]
    [InlineData("capset:retval=0", "credentials")]
    [InlineData("capset:retval=0:when=2", "credentials")]
    [InlineData("prctl:retval=0", "credentials")]
    [InlineData("getresuid:retval=0", "credentials")]
    [InlineData("setresuid:error=EAGAIN", "setresuid")]
    [InlineData("setgroups:error=EPERM", "setgroups")]
    [InlineData("capset:error=EPERM", "capset")]
    [InlineData("prlimit64:error=EPERM", "prlimit64")]
    [InlineData("close_range:error=EINVAL", "close_range")]
    public void A_change_that_did_not_happen_ends_the_start(string injection, string operation)
    {
        var container = Owned(new DirectContainer(Directory));
        container.Spawn(_rootfs);
        container.Stage.EnterRoot(0, false).Wait();
        var plan = new ProcessDescription { Args = ["touch", "/executed"], Env = ["PATH=/bin"], Uid = 1000, Gid = 1000, Groups = [5, 6] };
        plan.Flags = ProcessFlags.NoNewPrivileges | ProcessFlags.HasCapabilities;
        plan.Bounding = plan.Permitted = plan.Effective = 1ul << capability_h.CAP_KILL;
        container.Prepare(plan);
        container.Stage.Finish().Wait();
        container.Supervisor.Created().Wait();

        var pid = container.Pid.ToString(CultureInfo.InvariantCulture);
        using var kernel = new Command(Installation.Find("strace")!, "-o", "/dev/null", "-p", pid, "-e", "inject=" + injection).Start();
        Eventually.True(() => ProcFs.Status(container.Pid, "TracerPid") is not (null or "0"), "strace is attached");
        var error = Assert.Throws<RpcException>(container.Supervisor.Start().Wait);

        Assert.Equal((operation, StageId.Payload), (error.Operation, error.Stage));
        Assert.False(File.Exists(Path.Combine(_rootfs, "executed")));
    }
}
