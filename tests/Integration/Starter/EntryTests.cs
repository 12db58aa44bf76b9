using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>Stages 0 and 1: nothing that the caller leaves behind is used, and a launch that is not right to the last field is refused.</summary>
public sealed class EntryTests
{
    [RootTheory]
    [InlineData("exec 3<&-")]
    [InlineData("exec 3</dev/null")]
    [InlineData("exec 3</")]
    [InlineData("exec 3<&- 9</; exec 0<&-")]
    public void Without_a_launch_socket_there_is_a_usage_line_and_code_1(string preparation)
    {
        var result = new Command("/bin/sh", "-c", $"{preparation}; exec \"$0\" --help", Installation.Starter).Run();
        result.ShouldFail(1, "usage: starter", "descriptor 3");
        Assert.Empty(result.Text);
    }

    [RootFact]
    public void Closed_standard_descriptors_are_filled_before_anything_is_opened()
    {
        using var launch = LaunchSocket.Start("exec 0<&- 1>&- 2>&-; exec \"$0\"");

        // It waits for its record now. What it opened so far must be /dev/null, on exactly those three.
        Eventually.True(() => File.ReadAllText($"/proc/{launch.Process.Pid}/comm").StartsWith("starter:[1", StringComparison.Ordinal), "stage 1");
        Assert.Equal(["/dev/null", "/dev/null", "/dev/null"], Enumerable.Range(0, 3).Select(fd => ProcFd(launch.Process.Pid, fd)));
        Assert.Equal(4, Directory.GetFiles($"/proc/{launch.Process.Pid}/fd").Length);
    }

    [RootFact]
    public void Signals_limits_descriptors_and_umask_of_the_caller_do_not_reach_it()
    {
        using var launch = LaunchSocket.Start("trap '' CHLD TERM USR1; umask 0; ulimit -S -f 0; cd /tmp; exec 7</etc/passwd; exec \"$0\"");
        var pid = launch.Process.Pid;
        Eventually.True(() => File.ReadAllText($"/proc/{pid}/comm").StartsWith("starter:[1", StringComparison.Ordinal), "stage 1");
        var status = File.ReadAllLines($"/proc/{pid}/status").Select(l => l.Split(':', 2)).ToDictionary(l => l[0], l => l[1].Trim());
        Assert.Equal("0077", status["Umask"]);
        Assert.Equal("0000000000000000", status["SigIgn"]);
        Assert.Equal("0000000000000000", status["SigCgt"]);
        Assert.Equal("1", status["Threads"]);
        Assert.Equal("/", new FileInfo($"/proc/{pid}/cwd").LinkTarget);
        Assert.False(File.Exists($"/proc/{pid}/fd/7"));
        Assert.Contains(File.ReadLines($"/proc/{pid}/limits"), l => l.StartsWith("Max core file size", StringComparison.Ordinal) && l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4] == "0");
        Assert.Contains(File.ReadLines($"/proc/{pid}/limits"), l => l.StartsWith("Max file size", StringComparison.Ordinal) && !l.Contains(" 0 ", StringComparison.Ordinal));
    }

    [RootFact]
    public void Too_few_descriptors_are_refused_with_advice()
    {
        using var launch = LaunchSocket.Start("ulimit -n 32; exec \"$0\"");
        launch.Send(launch.Record());
        var result = launch.Result();
        Assert.Equal((StageId.Entry, "RLIMIT_NOFILE"), (result.Stage, result.Operation));
        Assert.Contains("ulimit -n", result.Detail, StringComparison.Ordinal);
    }

    [RootFact]
    public void Another_user_must_say_first_which_user_namespace()
    {
        using var launch = LaunchSocket.Start("exec setpriv --reuid=65534 --regid=65534 --clear-groups /proc/self/fd/8 8<\"$0\"");
        launch.Send(launch.Record());
        var result = launch.Result();
        Assert.Equal((1u, StageId.Rootless, "launch", 255), (result.Kind, result.Stage, result.Operation, result.ExitCode));
    }

    [RootFact]
    public void Another_build_is_refused_before_anything_else()
    {
        using var launch = LaunchSocket.Start();
        var record = launch.Record();
        record.Build = launch.Text("engine-of-tomorrow");
        record.Id = launch.Text("../id");
        launch.Send(record);
        Assert.Contains("different builds", launch.Result().Detail, StringComparison.Ordinal);
        Assert.Equal(255, launch.ExitCode());
    }

    public static TheoryData<string, string> BadRecords => new()
    {
        { "mode", "unknown mode" },
        { "id", "not a container id" },
        { "empty id", "not a container id" },
        { "log", "not one path component" },
        { "pid", "not one path component" },
        { "sync", "not absolute" },
        { "descriptors", "not those that the record lists" },
        { "unknown descriptor", "not those that the record lists" },
        { "no descriptors", "missing" },
    };

    [RootTheory]
    [MemberData(nameof(BadRecords))]
    public void A_bad_record_is_refused(string what, string why)
    {
        using var launch = LaunchSocket.Start();
        var record = launch.Record();
        switch (what)
        {
            case "mode": record.Mode = 9; break;
            case "id": record.Id = launch.Text("a/b"); break;
            case "empty id": record.Id = launch.Text(""); break;
            case "log": record.LogLeaf = launch.Text(".."); break;
            case "pid": record.PidLeaf = launch.Text("/etc/passwd"); break;
            case "sync": record.SyncSocket = launch.Text("sync"); break;
            case "descriptors": record.Descriptors = 3; break;
            case "unknown descriptor": record.Descriptors = 1u << 31; break;
        }
        launch.Send(record);
        var result = launch.Result();
        Assert.Equal(1u, result.Kind);
        Assert.Contains(why, result.Detail, StringComparison.Ordinal);
        Assert.Equal(255, launch.ExitCode());
    }

    [RootFact]
    public void Bytes_that_are_no_record_are_refused()
    {
        using var launch = LaunchSocket.Start();
        launch.Channel.Send([0xc1, 0, 1, 2, 3]);
        Assert.Equal("launch", launch.Result().Operation);
        Assert.Equal(255, launch.ExitCode());
    }

    [RootFact]
    public void A_caller_that_goes_away_ends_it()
    {
        using var launch = LaunchSocket.Start();
        launch.Channel.Dispose();
        Assert.Equal(255, launch.ExitCode());
    }

    private static string? ProcFd(int pid, int fd) => new FileInfo($"/proc/{pid}/fd/{fd}").LinkTarget;
}
