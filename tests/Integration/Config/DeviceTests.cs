using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>config-linux.md, Devices and Default Devices.</summary>
public sealed class DeviceTests : ConfigTest
{
    private static readonly (string Path, string Stat)[] Defaults =
    [
        ("/dev/null", "20666 0 0 1:3"), ("/dev/zero", "20666 0 0 1:5"), ("/dev/full", "20666 0 0 1:7"), ("/dev/random", "20666 0 0 1:8"),
        ("/dev/urandom", "20666 0 0 1:9"), ("/dev/tty", "20666 0 0 5:0"),
    ];

    [RootFact(Needs.Probe)]
    public void The_default_devices_and_links_are_there_and_nothing_else()
    {
        var bundle = NewBundle().Shell($"for d in {string.Join(' ', Defaults.Select(d => d.Path))}; do /probe stat $d; done; ls -1 /dev | sort; for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done");
        var lines = Lines(bundle);
        Assert.Equal(Defaults.Select(d => "stat " + d.Stat), lines[..6]);
        string[] names = ["fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"];
        Assert.Equal(names, lines[6..^5].Where(n => n != "core"));
        Assert.Equal(["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx"], lines[^5..]);
    }

    [RootFact(Needs.Probe)]
    public void Every_type_of_device_is_made_with_numbers_mode_and_owner()
    {
        var bundle = NewBundle().WithDevice("/dev/one", "c", 10, 229, 0x1a0, 7, 8).WithDevice("/dev/deep/er/two", "b", 7, 300, 0x180, 0, 6)
            .WithDevice("/dev/three", "u", 1, 5, 0x124).WithDevice("/dev/null", "c", 1, 3, 0x180, 3, 4).WithDevice("/srv/outside", "c", 1, 3);
        var pipe = new JsonObject { ["path"] = "/dev/pipe", ["type"] = "p", ["fileMode"] = 0x1b0, ["uid"] = 9, ["gid"] = 10 };
        bundle.Linux["devices"]!.AsArray().Add(pipe);
        bundle.Probe([.. new[] { "/dev/one", "/dev/deep/er/two", "/dev/three", "/dev/null", "/srv/outside", "/dev/pipe" }.SelectMany(p => new[] { "stat", p })]);
        Assert.Equal(
            ["stat 20640 7 8 10:229", "stat 60600 0 6 7:300", "stat 20444 0 0 1:5", "stat 20600 3 4 1:3", "stat 20666 0 0 1:3", "stat 10660 9 10 0:0"],
            Lines(bundle));
    }

    [RootFact]
    public void A_device_ptmx_of_the_config_is_the_link()
    {
        var bundle = NewBundle().WithDevice("/dev/ptmx", "c", 5, 2).WithDevice("/dev//ptmx", "c", 5, 2).Shell("readlink /dev/ptmx");
        Assert.Equal(["pts/ptmx"], Lines(bundle));
    }

    [RootFact]
    public void A_bound_dev_is_left_alone()
    {
        var source = Path.Combine(Directory, "dev");
        System.IO.Directory.CreateDirectory(source);
        File.WriteAllText(Path.Combine(source, "mine"), "");
        var bundle = NewBundle().Shell("ls /dev");
        foreach (var mount in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev" })
        {
            bundle.WithoutMount(mount);
        }
        Assert.Equal(["mine"], Lines(bundle.WithBind(source, "/dev")));
        Assert.Equal(["mine"], System.IO.Directory.GetFileSystemEntries(source).Select(Path.GetFileName));
    }

    [RootFact]
    public void A_read_only_dev_has_its_devices()
    {
        var bundle = NewBundle().Shell("echo x >/dev/null && echo null; echo x 2>/dev/null >/dev/new || echo refused");
        bundle.Config["mounts"]!.AsArray().First(m => (string?)m!["destination"] == "/dev")!["options"]!.AsArray().Add("ro");
        Assert.Equal(["null", "refused"], Lines(bundle));
    }

    [RootFact(Needs.Probe)]
    public void The_device_cgroup_allows_what_is_listed_and_nothing_else()
    {
        // Opening a device that no driver has: a cgroup that refuses it is asked first (EPERM), the driver afterwards (ENXIO).
        const string script = "echo x >/dev/null && echo null; mknod /tmp/full c 1 7 && echo made; /probe cat /dev/mine cat /dev/other; head -c1 /dev/zero | wc -c";
        Bundle Made(params JsonNode[] rules) => NewBundle().Shell(script).WithDevice("/dev/mine", "c", 240, 77).WithDevice("/dev/other", "c", 241, 77)
            .WithResources(r => r["devices"] = new JsonArray(rules));
        JsonNode none = new JsonObject { ["allow"] = false, ["access"] = "rwm" };
        Assert.Equal(["null", "made", "open EPERM", "open EPERM", "1"], Lines(Made(none)));
        JsonNode one = new JsonObject { ["allow"] = true, ["type"] = "c", ["major"] = 240, ["minor"] = 77, ["access"] = "r" };
        Assert.Equal(["null", "made", "open ENXIO", "open EPERM", "1"], Lines(Made(none.DeepClone(), one)));
        JsonNode all = new JsonObject { ["allow"] = true, ["access"] = "rwm" };
        Assert.Equal(["null", "made", "open ENXIO", "open ENXIO", "1"], Lines(Made(all)));
    }
}
