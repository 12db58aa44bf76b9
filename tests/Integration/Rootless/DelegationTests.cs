using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>A user whom a cgroup v2 directory was delegated to, in a view that has nothing but cgroup v2.</summary>
public sealed class DelegationTests(DelegatedTree tree) : UserTest("ranges", DelegatedTree.Name), IClassFixture<DelegatedTree>
{

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
        Assert.Equal(["shell"], tree.Children());
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
        Assert.Equal(["shell"], tree.Children());
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
        Assert.Equal(["shell"], tree.Children());
    }
}

/// <summary>
/// The delegated cgroup, seen in such a view. as-user.sh makes it with each command where it is not there, also with the one that cleans up
/// after a test: it is removed when the last test has ended.
/// </summary>
public sealed class DelegatedTree : IDisposable
{
    /// <summary>As as-user.sh is told.</summary>
    public const string Name = "engine-test-TAG-delegated";

    private static readonly string View = Path.Combine(Installation.SourceRoot, "tests", "cgroup-view.sh");
    private static readonly string Cgroup = Name.Replace("TAG", TestRun.Tag, StringComparison.Ordinal);

    /// <summary>Cgroups directly below it.</summary>
    public string[] Children() => Run($"cd /sys/fs/cgroup/{Cgroup} && ls -d */").ShouldExit(0)
        .Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('/')).ToArray();

    public void Dispose()
    {
        if (Installation.IsRoot)
        {
            Run($"cd /sys/fs/cgroup && test ! -d {Cgroup} || find {Cgroup} -depth -type d -exec rmdir {{}} ';'").ShouldExit(0);
            Assert.Equal(0, Run($"test ! -d /sys/fs/cgroup/{Cgroup}").ExitCode);
        }
    }

    private static CommandResult Run(string script) => new Command(View, "v2", "/bin/sh", "-c", script).Run();
}
