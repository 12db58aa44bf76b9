using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>What <c>engine doctor</c> tells an ordinary user.</summary>
public abstract class DoctorTests(string ids, string expected) : UserTest(ids)
{
    [UserFact]
    public void It_says_which_workflows_there_are_and_what_the_others_need()
    {
        var report = JsonNode.Parse(Cli.Run("doctor", "--json").ShouldExit(0).Text)!;
        var workflows = report["workflows"]!;
        Assert.False((bool)workflows["root"]!["works"]!);
        Assert.True((bool)workflows["rootless"]!["works"]!);
        Assert.Equal(expected, (string?)workflows["rootless"]!["why"]);

        // Each that is not met says what to do, and no other does.
        var checks = report["checks"]!.AsArray();
        Assert.All(checks, check => Assert.Equal((bool)check!["met"]!, check["advice"] is null));
        foreach (var name in new[] { "kernel", "starter-suid", "/etc/engine/engine.conf", "user.max_user_namespaces", "/usr/bin/newuidmap", "/etc/subuid", "/etc/subgid", "cgroup delegation", "systemd user manager", "/dev/net/tun" })
        {
            Assert.Single(checks, check => (string?)check!["name"] == name);
        }
        Assert.Equal(!IsSingle, (bool)checks.Single(check => (string?)check!["name"] == "/etc/subuid")!["met"]!);

        var text = Cli.Run("doctor").ShouldExit(0).Text;
        Assert.Contains($"yes rootless  {expected}", text, StringComparison.Ordinal);
        Assert.Contains("no  root", text, StringComparison.Ordinal);
    }

    // A limit of 0 in a user namespace of its own is one of the ways in which a machine forbids it; nobody else's machine is changed.
    [UserFact]
    public void Where_nothing_works_it_fails_and_says_what_to_set()
    {
        const string Forbid = "echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --reuid 1000 --regid 1000 --clear-groups \"$0\" doctor --json";
        var result = AsUser("/usr/bin/unshare", "--user", "--map-auto", "--map-root-user", "/bin/sh", "-c", Forbid, Installation.Engine).Run();
        if (IsSingle)
        {
            // One id cannot become another.
            Assert.NotEqual(0, result.ExitCode);
            return;
        }
        result.ShouldExit(255);
        var report = JsonNode.Parse(result.Text)!;
        Assert.False((bool)report["workflows"]!["rootless"]!["works"]!);
        Assert.Contains("max_user_namespaces", (string?)report["workflows"]!["rootless"]!["why"], StringComparison.Ordinal);
        var limit = report["checks"]!.AsArray().Single(check => (string?)check!["name"] == "user.max_user_namespaces")!;
        Assert.Equal((false, "0"), ((bool)limit["met"]!, (string?)limit["found"]));
        Assert.Contains("sysctl", (string?)limit["advice"], StringComparison.Ordinal);
    }
}

/// <summary>With ranges.</summary>
public sealed class RangesDoctorTests() : DoctorTests("ranges", "65537 user ids and 65537 group ids");

/// <summary>Without.</summary>
public sealed class SingleDoctorTests() : DoctorTests("single", "your own id only");
