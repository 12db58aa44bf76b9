using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Instances;

/// <summary><c>engine instance list</c>: Apptainer's columns and members, and what <c>engine oci list</c> says of instances.</summary>
public sealed class ListTests : InstanceTest
{
    [RootFact]
    public void The_table_has_apptainers_columns()
    {
        Assert.Equal("INSTANCE NAME    PID    IP    IMAGE\n", Ok("list").Text);
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        string[] names = [NewId(), NewId()];
        foreach (var name in names)
        {
            Ok("start", bundle, name);
        }
        _ = Create(NewBundle());
        var rows = Rows();
        Assert.Equal(["INSTANCE NAME", "PID", "IP", "IMAGE"], rows[0]);
        Assert.Equal(names.Select(name => new[] { name, Pid(name), bundle }), rows.Skip(1));
        Assert.Equal([[names[1], Pid(names[1]), bundle]], Rows("*" + names[1][^3..]).Skip(1));
        Assert.Equal([[names[0], Pid(names[0]), bundle]], Rows("instance://" + names[0]).Skip(1));
        Assert.Single(Rows("nothing*"));
        Assert.Equal([["INSTANCE NAME", "PID", "LOGS"], .. names.Select(name => new[] { name, Pid(name), Cli.DefaultLog(name) })], Rows("--logs"));
    }

    [RootFact]
    public void The_json_has_apptainers_members()
    {
        Assert.Equal("""{"instances":[]}""", JsonNode.Parse(Ok("list", "-j").Text)!.ToJsonString());
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var log = Path.Combine(Directory, "log");
        var name = NewId();
        Ok("start", "-l", log, bundle, name);
        Assert.Equal(
            $$"""{"instance":"{{name}}","pid":{{Pid(name)}},"img":"{{bundle}}","ip":"","logErrPath":"{{log}}","logOutPath":"{{log}}","status":"running"}""",
            List()[name].ToJsonString());
        Assert.StartsWith("{\n\t\"instances\": [\n", Ok("list", "-j").Text, StringComparison.Ordinal);
        Run("list", "-j", "-l").ShouldFail(1, "--json", "--logs");
    }

    [RootFact]
    public void One_that_has_ended_is_shown_only_when_asked_for_with_its_exit_code()
    {
        var name = StartInstance(NewBundle().Shell("exit 7"));
        Cli.OciOk("wait", name);
        Assert.Single(Rows());
        Assert.Equal([["INSTANCE NAME", "PID", "IP", "IMAGE", "STATUS"], [name, "0", (string)Cli.State(name)["bundle"]!, "stopped (7)"]], Rows("--all"));
        Assert.Equal((7, "stopped"), ((int)List("-a")[name]["exitCode"]!, (string)List("-a")[name]["status"]!));
    }

    [RootFact]
    public void Every_container_is_in_the_list_of_containers()
    {
        var name = StartInstance(NewBundle().Args("/bin/sleep", "1000"));
        var container = Create(NewBundle());
        Assert.Equal([name, container], Cli.OciOk("list", "-q").Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        var all = JsonNode.Parse(Cli.OciOk("list", "-f", "json").Text)!.AsArray();
        Assert.Equal([true, false], all.OrderBy(entry => (string)entry!["id"]!, StringComparer.Ordinal).Select(entry => (bool)entry!["engine"]!["instance"]!));
    }

    [RootFact]
    public void The_address_is_that_of_the_instances_own_network()
    {
        var name = StartInstance(NewBundle().WithNamespace("network").Args("/bin/sleep", "1000"));
        Assert.Equal("", (string)List()[name]["ip"]!);
        foreach (var arguments in new[] { "link set lo up", "addr add 10.9.8.7/32 dev lo" })
        {
            new Command("nsenter", ["-n", "-t", Pid(name), "ip", .. arguments.Split(' ')]).Run().ShouldExit(0);
        }
        Assert.Equal("10.9.8.7", (string)List()[name]["ip"]!);
    }

    [RootFact]
    public void Damaged_and_foreign_directories_do_not_hide_the_others()
    {
        var name = StartInstance(NewBundle().Args("/bin/sleep", "1000"));
        var (damaged, foreign) = (Path.Combine(Cli.Root, "damaged"), Path.Combine(Cli.Root, "foreign"));
        System.IO.Directory.CreateDirectory(damaged);
        File.WriteAllText(Path.Combine(damaged, "state.json"), "{\"engine\":{\"instance\":tru");
        System.IO.Directory.CreateDirectory(foreign);
        Native.Check(Native.chown(foreign, 54321, 54321), "chown");
        try
        {
            Assert.Equal([name], List().Keys);
        }
        finally
        {
            SafeTree.Delete(damaged);
            SafeTree.Delete(foreign);
        }
    }

    [RootFact]
    public void Root_asks_for_another_users_instances_with_that_users_rights()
    {
        var name = StartInstance(NewBundle().Args("/bin/sleep", "1000"));
        Assert.Single(Rows("--user", "nobody"));
        Run("stop", "--user", "nobody", name).ShouldFail(255, name);
        Run("stats", "--user", "nobody", name).ShouldFail(255, name);
        Assert.Equal("running", Cli.Status(name));
        Assert.Equal(2, Rows("--user", "root").Count);
        Run("list", "--user", "no-such-user").ShouldFail(255, "no-such-user");
    }

    private string Pid(string name) => ((int)Cli.State(name)["pid"]!).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private List<string[]> Rows(params string[] arguments) =>
        Ok(["list", .. arguments]).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
}
