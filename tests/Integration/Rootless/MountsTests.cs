using System.Text.Json.Nodes;
using Engine.Tests.Integration.Config;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>engine-runc's mounts add and remove as an ordinary user: what the user can read is mounted, what the kernel holds together stays together.</summary>
public sealed class MountsTests() : UserTest("single")
{
    private string Document(params (string Destination, string Source, string Option)[] mounts)
    {
        var file = Path.Combine(Directory, "mounts.json");
        File.WriteAllText(file, new JsonArray([.. mounts.Select(m => (JsonNode)new JsonObject
        {
            ["destination"] = m.Destination,
            ["source"] = m.Source,
            ["type"] = m.Source == "tmpfs" ? "tmpfs" : "bind",
            ["options"] = BundleDefaults.Strings([m.Option]),
        })]).ToJsonString());
        return file;
    }

    private static List<MountRecord> Mounts(int pid) => [.. ProcFs.Read(pid, "mountinfo")!.Split('\n').Select(MountRecord.Parse).OfType<MountRecord>()];

    [UserFact]
    public void A_user_adds_and_removes_what_he_may()
    {
        var bundle = SingleBundle().Shell("sleep 1000");
        var id = NewId();
        var (mine, hidden) = (Path.Combine(Directory, "mine"), Path.Combine(Directory, "hidden"));
        foreach (var path in new[] { mine, hidden })
        {
            System.IO.Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "file"), "there");
        }

        Own(mine);
        File.SetUnixFileMode(hidden, (UnixFileMode)0x1c0);
        CreateRunc("--root", Runc.Root, "create", "--bundle", bundle.Path, id).ShouldExit(0);
        try
        {
            RunRunc("start", id).ShouldExit(0);
            var pid = (int)JsonNode.Parse(RunRunc("state", id).ShouldExit(0).Text)!["pid"]!;
            var before = Mounts(pid).Count;
            RunRunc("mounts", "add", id, Document(("/m", mine, "rbind"), ("/t", "tmpfs", "noexec"))).ShouldExit(0);
            Assert.Equal("there", RunRunc("exec", id, "cat", "/m/file").ShouldExit(0).Text);
            RunRunc("mounts", "add", id, Document(("/t2", "tmpfs", "noexec"), ("/h", hidden + "/file", "rbind"))).ShouldFail(1, "mounts.json: [1]: open_tree", "permission denied");
            Assert.Equal(before + 2, Mounts(pid).Count);
            RunRunc("mounts", "remove", id, Document(("/t", "", ""), ("/m", "", ""))).ShouldExit(0);
            Assert.Equal(before, Mounts(pid).Count);

            // Mounts of the host that came as one tree are locked to each other (mount_namespaces(7)).
            RunRunc("mounts", "add", id, Document(("/sys2", "/sys", "rbind"))).ShouldExit(0);
            var inner = Mounts(pid).First(m => m.Point.StartsWith("/sys2/", StringComparison.Ordinal)).Point;
            before = Mounts(pid).Count;
            RunRunc("mounts", "remove", id, Document(("/sys2", "", ""), (inner, "", ""))).ShouldFail(1, "mounts.json: [1]: umount2", "goes only with that");
            Assert.Equal(before, Mounts(pid).Count);
            RunRunc("mounts", "remove", id, Document(("/sys2", "", ""))).ShouldExit(0);
            Assert.DoesNotContain(Mounts(pid), m => m.Point.StartsWith("/sys2", StringComparison.Ordinal));
        }
        finally
        {
            RunRunc("delete", "--force", id).ShouldExit(0);
        }
    }
}
