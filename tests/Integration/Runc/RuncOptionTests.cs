using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Runc;

/// <summary>Options of runc's command line that no other test of this folder needs, each with what it does.</summary>
public sealed class RuncOptionTests : RuncTest
{
    private string Value(string id, string controller, string file)
    {
        var own = ProcFs.Read((int)Own.State(id)["pid"]!, "cgroup")!.Split('\n').First(line => line.Split(':')[1].Split(',').Contains(controller));
        return File.ReadAllText($"/sys/fs/cgroup/{controller}{own.Split(':', 3)[2]}/{file}").Trim();
    }

    public static TheoryData<string, string, string, string> Limits => new()
    {
        { "--blkio-weight=300", "blkio", "blkio.bfq.weight", "300" },
        { "--cpu-period=50000", "cpu", "cpu.cfs_period_us", "50000" },
        { "--cpu-quota=20000", "cpu", "cpu.cfs_quota_us", "20000" },
        { "--cpu-share=300", "cpu", "cpu.shares", "300" },
        { "--cpu-idle=1", "cpu", "cpu.idle", "1" },
        { "--cpuset-cpus=0", "cpuset", "cpuset.cpus", "0" },
        { "--cpuset-mems=0", "cpuset", "cpuset.mems", "0" },
        { "--memory=60m", "memory", "memory.limit_in_bytes", "62914560" },
        { "--memory-reservation=32M", "memory", "memory.soft_limit_in_bytes", "33554432" },
        { "--pids-limit=7", "pids", "pids.max", "7" },
        { "--pids-limit=-1", "pids", "pids.max", "max" },
    };

    [RootTheory]
    [MemberData(nameof(Limits))]
    public void Update_writes_what_the_option_is_for(string option, string controller, string file, string value)
    {
        if (!System.IO.Directory.Exists("/sys/fs/cgroup/" + controller))
        {
            return;
        }

        var id = Running();
        Own.Ok("update", option, id);
        Assert.Equal(value, Value(id, controller, file));
    }

    [RootFact]
    public void Update_takes_options_that_belong_together()
    {
        var id = Running();
        Own.Ok("update", "--cpu-quota", "20000", "--cpu-burst", "5000", "--memory", "64M", "--memory-swap", "128M", id);
        Assert.Equal("5000", Value(id, "cpu", "cpu.cfs_burst_us"));
        Assert.Equal("134217728", Value(id, "memory", "memory.memsw.limit_in_bytes"));
        // Real-time bandwidth is the machine's to give; what it does not give is named, and nothing is changed.
        var result = Own.Run("update", "--cpu-rt-period", "900000", "--cpu-rt-runtime", "10000", "--cpu-share", "77", id);
        if (result.ExitCode == 0)
        {
            Assert.Equal("10000", Value(id, "cpu", "cpu.rt_runtime_us"));
            Assert.Equal("900000", Value(id, "cpu", "cpu.rt_period_us"));
        }
        else
        {
            result.ShouldFail(1, "realtime");
            Assert.NotEqual("77", Value(id, "cpu", "cpu.shares"));
        }

        Own.Run("update", "--mem-bw-schema", "MB:0=50", id).ShouldFail(1, "Intel RDT/MBA: memory bandwidth schema is not enabled");
    }

    [RootFact]
    public void Create_takes_options_without_effect_and_leaves_the_keyring_when_asked()
    {
        string Keyrings(string id, params string[] options)
        {
            var bundle = NewBundle().Shell($"grep -c '_ses.{id}: ' /proc/keys; true");
            bundle.Linux["maskedPaths"] = new JsonArray();
            return Own.Run(["run", .. options, "--bundle", bundle.Path, id]).ShouldExit(0).Trimmed;
        }

        Assert.Equal("1", Keyrings(NewId(), "--no-pivot", "--no-subreaper"));
        Assert.Equal("0", Keyrings(NewId(), "--no-new-keyring"));
    }

    [RootFact]
    public void Create_prints_its_plan_and_traces_its_requests()
    {
        var id = NewId();
        Assert.Contains("EnterRoot", Own.Ok("create", "--plan", "--bundle", Sleeper().Path, id).Text, StringComparison.Ordinal);
        Own.Run("state", id).ShouldFail(1, "container does not exist");
        var trace = Path.Combine(Directory, "trace.json");
        Own.Run("run", "--trace", trace, "--bundle", NewBundle().Args("true").Path, NewId()).ShouldExit(0);
        Assert.Contains("EnterRoot", File.ReadAllText(trace), StringComparison.Ordinal);
        JsonNode.Parse(File.ReadAllText(trace));
    }

    [RootFact(Needs.Python)]
    public void A_pidfd_of_the_container_s_process_goes_to_the_caller_s_socket()
    {
        var id = NewId();
        var command = new Command(
            "/usr/bin/python3", "-c",
            """
            import os, socket, subprocess, sys
            path = sys.argv[1]
            server = socket.socket(socket.AF_UNIX); server.bind(path); server.listen()
            null = open("/dev/null", "r+")
            subprocess.run([*sys.argv[3:], "create", "--bundle", sys.argv[2], "--pidfd-socket", path, os.environ["ID"]], stdin=null, stdout=null, stderr=null, check=True)
            name, fds, _, _ = socket.recv_fds(server.accept()[0], 4096, 4)
            print(len(fds), [l.split()[1] for l in open(f"/proc/self/fdinfo/{fds[0]}") if l.startswith("Pid:")][0])
            """, Path.Combine(Directory, "pidfd"), Sleeper().Path, Own.Program, "--root", Own.Root);
        command.Environment["ID"] = id;
        var said = command.Run().ShouldExit(0).Trimmed;
        Assert.Equal($"1 {(int)Own.State(id)["pid"]!}", said);
    }

    [RootFact(Needs.Runc)]
    public void A_user_namespace_without_mappings_is_refused_as_runc_refuses_it()
    {
        var bundle = NewBundle().WithNamespace("user").Path;
        var id = NewId();
        RuncCli.Debian(Path.Combine(Directory, "reference")).Run("run", "--bundle", bundle, id).ShouldFail(1, "no uid mappings");
        Own.Run("run", "--bundle", bundle, id).ShouldFail(1, "linux.uidMappings: is required", "linux.gidMappings: is required");
        Own.Run("state", id).ShouldFail(1, "container does not exist");
    }

    [RootFact]
    public void Global_options_that_change_nothing_here_are_taken_and_the_others_are_not_guessed()
    {
        Own.Ok("--debug", "--criu", "/no/such/criu", "--rootless", "auto", "--rootless=true", "list");
        Own.Run("--rootless", "maybe", "list").ShouldFail(1, "rootless");
        Own.Run("--cgroup-manager", "other", "list").ShouldFail(1, "cgroup-manager");
        Own.Run("--log", "journald:x", "list").ShouldFail(1, "journald");
        var id = NewId();
        var cgroup = Own.Run("--cgroup-manager", "disabled", "run", "--bundle", NewBundle().Args("cat", "/proc/self/cgroup").Path, id).ShouldExit(0).Text;
        Assert.DoesNotContain(id, cgroup, StringComparison.Ordinal);
        Assert.Contains(id, Own.Run("--cgroup-manager=cgroupfs", "run", "--bundle", NewBundle().Args("cat", "/proc/self/cgroup").Path, id).ShouldExit(0).Text, StringComparison.Ordinal);
        if (!System.IO.Directory.Exists("/run/systemd/system"))
        {
            Own.Run("--systemd-cgroup", "run", "--bundle", NewBundle().Args("true").Path, NewId()).ShouldFail(1, "systemd");
        }
    }
}
