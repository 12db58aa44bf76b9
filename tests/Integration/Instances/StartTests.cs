using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Instances;

/// <summary><c>engine instance start</c> and <c>run</c>: the payload runs when they return, or nothing is there.</summary>
public sealed class StartTests : InstanceTest
{
    public static TheoryData<string> Verbs => ["start", "run"];

    [RootTheory]
    [MemberData(nameof(Verbs))]
    public void The_payload_runs_when_it_returns(string verb)
    {
        var name = NewId();
        var result = Ok(verb, NewBundle().Args("/bin/sleep", "1000").Path, name);
        Assert.Equal($"engine instance {verb}: instance started successfully\n", result.Error);
        Assert.Equal("", result.Text);
        Assert.Equal("running", Cli.Status(name));
        Assert.True((bool)Cli.State(name)["engine"]!["instance"]!);
        Assert.Equal(["/bin/sleep", "1000"], ProcFs.CommandLine((int)List()[name]["pid"]!).Split(' '));
    }

    [RootFact]
    public void Arguments_take_the_place_of_the_bundles()
    {
        var bundle = NewBundle().Args("/no/such/program");
        var name = StartInstance(bundle, "/bin/sh", "-c", "echo \"$0\" \"$1\" -- \"$@\"; exec sleep 1000", "a b", "--help", "é\"\\");
        WaitForLine(name, "a b --help -- --help é\"\\");
    }

    [RootFact]
    public void The_payload_knows_its_name_and_the_variables_that_were_given()
    {
        var bundle = NewBundle().Shell("env; echo up; exec sleep 1000").WithEnvironment("ENGINE_INSTANCE=other", "KEPT=1", "CHANGED=old");
        var name = NewId();
        Ok("start", "--env", "CHANGED=a=b", "--env", "NEW=", bundle.Path, name);
        WaitForLine(name, "up");
        foreach (var lines in new[] { Ok("logs", name).Text.Split('\n'), Ok("exec", name, "/bin/env").Text.Split('\n') })
        {
            Assert.Equal([$"APPTAINER_INSTANCE={name}", "CHANGED=a=b", $"ENGINE_INSTANCE={name}", "KEPT=1", "NEW="], lines.Where(line => line.Contains("INSTANCE=") || line.StartsWith("KEPT") || line.StartsWith("CHANGED") || line.StartsWith("NEW")).Order(StringComparer.Ordinal));
        }
        Run("start", "--env", "NOVALUE", bundle.Path, NewId()).ShouldFail(1, "NOVALUE", "KEY=VALUE");
    }

    [RootFact]
    public void A_payload_that_cannot_be_executed_is_an_error_and_leaves_nothing()
    {
        var name = NewId();
        Run("start", NewBundle().Args("/no/such").Path, name).ShouldFail(255, "/no/such", "ENOENT");
        Assert.Null(Cli.Status(name));
        Run("start", NewBundle().Path, name, "nosuchcommand").ShouldFail(255, "nosuchcommand", "ENOENT");
        Assert.Null(Cli.Status(name));
        // The kernel finds this one out, behind create.
        Run("start", NewBundle().WithFile("/garbage", "\u0001\u0002\u0003 no program", 0x1ed).Args("/garbage").Path, name).ShouldFail(255, "/garbage", "ENOEXEC");
        Assert.Null(Cli.Status(name));
    }

    [RootFact]
    public void A_name_is_one_instance_or_one_container()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var name = NewId();
        Ok("start", bundle, name);
        Run("start", bundle, name).ShouldFail(255, $"instance \"{name}\" already exists", "stop");
        Cli.Oci("create", name, "-b", bundle).ShouldFail(255, name, "already exists");
        var container = Create(NewBundle().Args("/bin/sleep", "1000"));
        Run("start", bundle, container).ShouldFail(255, container, "not started as an instance");
        Assert.Equal("created", Cli.Status(container));
        foreach (var command in new[] { new[] { "exec", container, "/bin/true" }, ["logs", container], ["attach", container], ["stats", container] })
        {
            Run(command).ShouldFail(255, container, "engine oci");
        }
        Run("stop", container).ShouldFail(255, $"no instance \"{container}\"");
        Assert.Equal("created", Cli.Status(container));
    }

    [RootFact]
    public void The_name_of_one_that_has_ended_is_free_again()
    {
        var hooked = Path.Combine(Directory, "hooked");
        var bundle = NewBundle().Args("/bin/true").WithHook("poststop", "/bin/sh", ["sh", "-c", $"echo x >> {hooked}"]);
        var name = NewId();
        Ok("start", bundle.Path, name);
        Cli.OciOk("wait", name);
        Ok("start", NewBundle().Args("/bin/sleep", "1000").Path, name);
        Assert.Equal("running", Cli.Status(name));
        Assert.Equal("x\n", File.ReadAllText(hooked));
    }

    [RootFact]
    public void So_is_the_name_of_one_whose_every_process_was_killed()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var name = NewId();
        Ok("start", bundle, name);
        var state = Cli.State(name);
        foreach (var pid in new[] { (int)state["supervisor"]!["pid"]!, (int)state["pid"]! })
        {
            Native.Check(Native.kill(pid, 9), "kill");
        }
        Eventually.True(() => List("--all").GetValueOrDefault(name)?["status"]?.ToString() == "stopped", "the kill was seen");
        Assert.Empty(List());
        Ok("start", bundle, name);
        Assert.NotEqual((int)state["pid"]!, (int)List()[name]["pid"]!);
    }

    [RootFact]
    public void Of_concurrent_starts_exactly_one_wins_over_one_that_has_ended()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var name = NewId();
        for (var round = 0; round < 5; round++)
        {
            Ok("start", bundle, name, "/bin/true");
            Cli.OciOk("wait", name);
            var running = Enumerable.Range(0, 6).Select(_ => StartCommand("start", bundle, name)).ToList();
            var results = running.Select(command => command.Wait()).ToList();
            running.ForEach(command => command.Dispose());
            Assert.Single(results, result => result.ExitCode == 0);
            Assert.All(results.Where(result => result.ExitCode != 0), loser => loser.ShouldFail(255, name));
            Assert.Equal("running", Cli.Status(name));
            Ok("exec", name, "/bin/true");
            Ok("stop", "--force", name);
            Assert.Null(Cli.Status(name));
        }
    }

    [RootFact]
    public void The_pid_file_has_the_payloads_pid()
    {
        var file = Path.Combine(Directory, "pid");
        var name = NewId();
        Ok("start", "--pid-file", file, NewBundle().Args("/bin/sleep", "1000").Path, name);
        Assert.Equal((int)List()[name]["pid"]!, int.Parse(File.ReadAllText(file)));
    }

    [RootFact]
    public void What_is_no_bundle_and_no_name_is_refused_with_what_to_do()
    {
        var bundle = NewBundle().Path;
        Run("start", "docker://alpine", NewId()).ShouldFail(1, "docker://alpine", "bundle");
        Run("start", Installation.Busybox, NewId()).ShouldFail(1, Installation.Busybox, "bundle");
        Run("start", "/no/such", NewId()).ShouldFail(255, "/no/such");
        foreach (var bad in new[] { "a/b", "..", "", "instance://x", new string('x', 300) })
        {
            Run("start", bundle, bad).ShouldFail(255, "instance name");
        }
        Run("start", "--bind", "/a", bundle, NewId()).ShouldFail(1, "--bind", "config.json", "mounts");
        Run("start", "--memory=1G", bundle, NewId()).ShouldFail(1, "--memory", "linux.resources");
        Run("start", bundle, NewId(), "--port", "80").ShouldFail(1, "--port", "behind its program");
        Run("start", bundle).ShouldExit(1);
    }

    [RootFact]
    public void Errors_of_the_config_keep_their_lines_behind_changed_arguments()
    {
        var bundle = NewBundle();
        var text = bundle.Config.ToJsonString(new() { WriteIndented = true }).Replace("\"hostname\":", "\"hostname\": 7, \"x\":", StringComparison.Ordinal);
        Assert.Contains("\"x\":", text, StringComparison.Ordinal);
        bundle.Raw(text);
        var plain = Cli.Oci("create", NewId(), "-b", bundle.Path).ShouldFail(255, "hostname").Error.Split(": ", 2)[1];
        var changed = Run("start", "--env", "A=B", bundle.Path, NewId(), "/bin/true").ShouldFail(255, "hostname").Error.Split(": ", 2)[1];
        Assert.Equal(plain, changed);
        Run("start", NewBundle().Raw("{").Path, NewId(), "/bin/true").ShouldExit(255);
        Run("start", NewBundle().Edit(config => config.Remove("process")).Path, NewId(), "/bin/true").ShouldFail(255, "process");
    }

    [RootFact]
    public void The_plan_shows_the_changed_process()
    {
        var name = NewId();
        Assert.Contains("/bin/other", Ok("start", "--plan", NewBundle().Path, name, "/bin/other").Text, StringComparison.Ordinal);
        Assert.Null(Cli.Status(name));
    }
}
