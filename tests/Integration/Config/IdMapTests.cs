using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>config.md, Mounts: idmap and ridmap, with mappings of the mount and with the container's own.</summary>
public sealed class IdMapTests : ConfigTest
{
    private string Source()
    {
        var path = Path.Combine(Directory, "source");
        System.IO.Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "file"), "x");
        return path;
    }

    private static JsonArray Map(uint container, uint host, uint size) =>
        [new JsonObject { ["containerID"] = container, ["hostID"] = host, ["size"] = size }];

    private static Bundle Mapped(Bundle bundle, string destination, uint container, uint host) => bundle.Edit(c =>
    {
        var mount = c["mounts"]!.AsArray().First(m => (string?)m!["destination"] == destination)!;
        mount["uidMappings"] = Map(container, host, 1000);
        mount["gidMappings"] = Map(container, host, 1000);
    });

    private static Bundle InUserNamespace(Bundle bundle) => bundle.WithNamespace("user").Edit(c =>
    {
        // The root file system is root's; only the ids from 1000 on are others outside.
        c["linux"]!["uidMappings"] = new JsonArray([Map(0, 0, 1000)[0]!.DeepClone(), Map(1000, 200000, 1000)[0]!.DeepClone()]);
        c["linux"]!["gidMappings"] = c["linux"]!["uidMappings"]!.DeepClone();
    });

    // tmpfs maps ids since 6.3, the test directory's filesystem perhaps not: both are asked the same way.
    private string View(string prepare, Bundle bundle)
    {
        var result = new Command(
            "/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
            prepare + "\nexport ENGINE_ROOT=" + Cli.Root + "\nexec " + Installation.Engine + " oci run " + NewId() + " -b " + bundle.Path).Run();
        return result.ShouldExit(0).Trimmed;
    }

    [RootFact]
    public void Mappings_of_a_mount_show_the_owners_they_say()
    {
        var source = Source();
        var bundle = NewBundle().Shell("stat -c '%u %g' /m/file; touch /m/new; stat -c '%u %g' /m/new").WithBind(source, "/m", "rbind", "idmap");
        Mapped(bundle, "/m", 0, 1000);
        // What is made through the mount needs an owner that the mapping knows.
        bundle.WithUser(1005, 1006);
        var output = View($"mount -t tmpfs x {source}; echo x >{source}/file; chmod 777 {source}", bundle);
        Assert.Equal("1000 1000\n1005 1006", output);
    }

    [RootFact]
    public void Without_mappings_it_is_the_containers_own()
    {
        var source = Source();
        var prepare = $"mount -t tmpfs x {source}; echo x >{source}/file; mkdir {source}/sub; mount -t tmpfs y {source}/sub; echo y >{source}/sub/file; chown 1001 {source}/file {source}/sub/file";
        var bundle = InUserNamespace(NewBundle()).Shell("stat -c %u /m/file /m/sub/file /r/file /r/sub/file")
            .WithBind(source, "/m", "rbind", "idmap").WithBind(source, "/r", "rbind", "ridmap");
        Assert.Equal("1001\n65534\n1001\n1001", View(prepare, bundle));
    }

    [RootFact]
    public void A_filesystem_that_cannot_is_named_with_the_reason()
    {
        Refused(Mapped(NewBundle().WithBind("/proc/sys", "/m", "bind", "idmap"), "/m", 0, 1000), "mounts[", "/proc/sys", "EINVAL", "cannot map ids");
    }

    [RootFact]
    public void What_makes_no_sense_is_refused_by_path()
    {
        var source = Source();
        Refused(NewBundle().WithBind(source, "/m", "bind", "idmap"), "mounts[6].options", "user namespace");
        Refused(NewBundle().WithMount("/m", "tmpfs", "tmpfs", "idmap"), "mounts[6].options", "bind");
        Refused(Mapped(NewBundle().WithMount("/m", "tmpfs", "tmpfs"), "/m", 0, 1), "mounts[6].uidMappings", "bind");
    }
}
