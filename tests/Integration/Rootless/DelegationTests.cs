using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>A user whom a cgroup v2 directory was delegated to, in a view that has nothing but cgroup v2.</summary>
public sealed class DelegationTests : UserTest
{
    private readonly Owner _owner;

    public DelegationTests()
        : base("ranges", "engine-test-TAG-delegated") => _owner = Owned(new Owner(Delegated));

    [UserFact]
    public void The_container_gets_a_cgroup_below_and_is_paused_and_resumed()
    {
        var id = Start(UserBundle().Shell("while :; do echo tick; sleep 0.05; done"));
        var own = Assert.Single(Cli.State(id)["engine"]!["cgroups"]!.AsArray())!;
        Assert.Equal($"/{Delegated}/engine-oci/{id}", (string?)own["path"]);
        Assert.Contains($"0::/{Delegated}/engine-oci/{id}", ProcFs.Read((int)Cli.State(id)["pid"]!, "cgroup")!, StringComparison.Ordinal);

        Cli.OciOk("pause", id);
        Assert.Equal("paused", Cli.Status(id));
        Cli.OciOk("resume", id);
        Assert.Equal("running", Cli.Status(id));
        Assert.Contains($"/{Delegated}/engine-oci/{id}", Cli.OciOk("exec", id, "/bin/cat", "/proc/self/cgroup").Text, StringComparison.Ordinal);
        Cli.OciOk("delete", "--force", id);
        Assert.Equal(["shell"], _owner.Children());
    }

    [UserFact]
    public void The_runtime_flavour_has_one_too()
    {
        var id = NewId();
        try
        {
            CreateRunc("--root", Runc.Root, "create", "--bundle", UserBundle().Shell("sleep 1000").Path, id).ShouldExit(0);
            RunRunc("start", id).ShouldExit(0);
            Assert.Contains($"0::/{Delegated}/{id}", RunRunc("exec", id, "/bin/cat", "/proc/self/cgroup").ShouldExit(0).Text, StringComparison.Ordinal);
            RunRunc("pause", id).ShouldExit(0);
            Assert.Contains("\"status\": \"paused\"", RunRunc("state", id).Text, StringComparison.Ordinal);
            RunRunc("resume", id).ShouldExit(0);
        }
        finally
        {
            RunRunc("delete", "--force", id).ShouldExit(0);
        }
        Assert.Equal(["shell"], _owner.Children());
    }

    // A controller that the delegated cgroup does not pass on is none; which this machine has on cgroup v2 differs.
    [UserFact]
    public void A_limit_whose_controller_is_not_there_is_refused_by_its_path()
    {
        var bundle = UserBundle().WithResources(r => r["network"] = new JsonObject { ["priorities"] = new JsonArray(new JsonObject { ["name"] = "lo", ["priority"] = 1 }) });
        Cli.Oci("create", NewId(), "-b", bundle.Path).ShouldFail(255, "linux.resources.network");
    }

    [UserFact]
    public void A_path_that_is_not_the_user_s_is_no_cgroup_unless_one_is_required()
    {
        var bundle = UserBundle().WithCgroupsPath($"/{TestRun.Tag}-elsewhere").Shell("cat /proc/self/cgroup");
        Assert.Contains($"0::/{Delegated}/shell", RunRunc("run", "--bundle", bundle.Path, NewId()).ShouldExit(0).Text, StringComparison.Ordinal);
        var refused = AsUser(Runc.Program, "--root", Runc.Root, "--rootless", "false", "run", "--bundle", bundle.Path, NewId()).Run();
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("linux.cgroupsPath", refused.Error, StringComparison.Ordinal);
    }

    // E01, CVE-2023-25809: no cgroup namespace, the host's /sys read-only, and a cgroup that is the payload's own.
    [UserFact]
    public void The_payload_finds_no_cgroup_file_that_it_can_write()
    {
        const string Look = "for f in $(find /sys/fs/cgroup -type f -name 'cgroup.*' 2>/dev/null); do (: >>$f) 2>/dev/null && echo writable $f; done; ls /sys/fs/cgroup | wc -l; "
            + "(echo 1 >/sys/fs/cgroup/DELEGATED/cgroup.freeze) 2>&1; mkdir /sys/fs/cgroup/DELEGATED/mine 2>&1";
        foreach (var bundle in new[] { SingleBundle(), UserBundle().WithoutNamespace("network") })
        {
            var (_, output) = RunToEnd(bundle.Shell(Look.Replace("DELEGATED", Delegated, StringComparison.Ordinal)));
            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.DoesNotContain(lines, l => l.StartsWith("writable", StringComparison.Ordinal));
            Assert.True(int.Parse(lines[0], System.Globalization.CultureInfo.InvariantCulture) > 0, $"the tree is there\n{output}");
            Assert.Equal(2, lines.Count(l => l.Contains("Read-only file system", StringComparison.Ordinal)));
        }
        Assert.Equal(["shell"], _owner.Children());
    }

    // The tree seen from a process that the test keeps in such a view, and its removal: as-user.sh makes it anew with each command.
    private sealed class Owner(string cgroup) : IDisposable
    {
        private static readonly string View = Path.Combine(Installation.SourceRoot, "tests", "cgroup-view.sh");

        public string[] Children() => new Command(View, "v2", "/bin/sh", "-c", $"cd /sys/fs/cgroup/{cgroup} && ls -d */").Run().ShouldExit(0)
            .Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('/')).ToArray();

        public void Dispose() => new Command(View, "v2", "/bin/sh", "-c", $"cd /sys/fs/cgroup && find {cgroup} -depth -type d -exec rmdir {{}} + 2>/dev/null; true").Run();
    }
}
