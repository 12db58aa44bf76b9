using System.Globalization;
using Engine.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Pump;

/// <summary>The pump as a process: its privileges, its memory, its end, its replacement.</summary>
public sealed class PumpLifeTests
{
    [RootFact(Needs.RootOnly)]
    public void It_has_no_privilege_and_no_descriptor_but_its_own()
    {
        using var pump = new PumpRun();
        pump.AttachReady().Dispose();
        int pid = pump.Process.Pid;
        Assert.Equal("engine-pump", ProcFs.Status(pid, "Name"));
        Assert.Equal("1", ProcFs.Status(pid, "NoNewPrivs"));
        foreach (string set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" })
        {
            Assert.Equal("0000000000000000", ProcFs.Status(pid, set));
        }

        // Not dumpable: its files in /proc belong to root.
        using (var file = Files.Open($"/proc/{pid}/environ", fcntl_h.O_PATH))
        {
            Assert.Equal(0u, Files.Stat(file).Uid);
        }

        // All but SIGKILL and SIGSTOP.
        Assert.Equal("fffffffffffbfeff", ProcFs.Status(pid, "SigBlk"));
        Eventually.True(() => ProcFs.Descriptors(pid).Count == 9, () => string.Join(' ', ProcFs.Descriptors(pid)));
        Assert.Equal(0, pump.End());
    }

    [RootFact(Needs.RootOnly)]
    public void Idle_it_keeps_little_memory_also_after_a_burst()
    {
        using var pump = new PumpRun();
        pump.AttachReady().Dispose();
        Eventually.True(() => Private(pump) <= 100, () => $"{Private(pump)} KiB, idle");
        for (int i = 0; i < 200; i++)
        {
            pump.Write(new string('x', 60_000) + "\n");
        }

        // The replay ring is what it keeps.
        Eventually.True(() => Private(pump) <= 100 + 72, () => $"{Private(pump)} KiB after a burst");
    }

    [RootFact(Needs.RootOnly)]
    public void A_replaced_pump_goes_on_with_the_same_streams_log_and_socket()
    {
        using var pump = new PumpRun();
        using var before = pump.AttachReady();
        pump.Write("one\n");
        pump.WaitForLog("one");
        pump.Replace();
        before.WaitForEnd();
        Assert.Null(before.ExitCode);
        using var after = pump.AttachReady();
        pump.Write("two\n");
        after.WaitFor("two\n");
        after.Type("in");
        Assert.Equal(2, pump.Stdin.Read(new byte[10]));
        Assert.Equal(0, pump.End(4));
        after.WaitForEnd();
        Assert.Equal(4, after.ExitCode);
        Assert.Equal("T stdout F one\nT stdout F two\n", pump.Log);
    }

    [RootFact(Needs.RootOnly)]
    public void Killed_at_any_moment_it_damages_one_record_at_most()
    {
        using var pump = new PumpRun();
        var random = new Random(11);
        bool done = false;
        var writing = Task.Run(() =>
        {
            for (int i = 0; !done; i++)
            {
                pump.Write($"{i:d8} {new string('x', random.Next(300))}\n");
            }
        });
        for (int kills = 0; kills < 20; kills++)
        {
            long size = new FileInfo(pump.LogPath).Length;
            Eventually.True(() => new FileInfo(pump.LogPath).Length > size + random.Next(100_000), "a growing log");
            pump.Replace();
        }

        done = true;
        Assert.True(writing.Wait(TimeSpan.FromSeconds(20)));
        Assert.Equal(0, pump.End());
        var lines = pump.Log.TrimEnd('\n').Split('\n');
        int damaged = lines.Count(line => !System.Text.RegularExpressions.Regex.IsMatch(line, "^T stdout F \\d{8} x*$"));

        // At each kill: the record that was being written, and the line whose beginning died with the pump.
        Assert.InRange(damaged, 0, 40);
        Assert.True(lines.Length > 1000);
    }

    [RootFact(Needs.RootOnly)]
    public void Without_a_supervisor_it_serves_until_the_streams_end()
    {
        using var pump = new PumpRun();
        using var client = pump.AttachReady();
        pump.LoseSupervisor();
        pump.Write("still logged\n");
        client.WaitFor("still logged\n");
        client.Type("in");
        Assert.Equal(2, pump.Stdin.Read(new byte[10]));
        pump.ClosePayload();
        Assert.Equal(0, pump.WaitForEnd());
        client.WaitForEnd();
        Assert.Null(client.ExitCode);
        Assert.Equal("T stdout F still logged\n", pump.Log);
    }

    [RootFact(Needs.RootOnly)]
    public void Ended_streams_alone_do_not_end_it()
    {
        using var pump = new PumpRun();
        using var client = pump.AttachReady();
        pump.ClosePayload();
        Assert.Equal(PumpNoteKind.StdinClosed, pump.Receive());
        Assert.False(pump.Process.WaitForEnd(TimeSpan.FromMilliseconds(300)));
        Assert.False(client.Ended);
        pump.SendExited(2);
        Assert.Equal(0, pump.WaitForEnd());
        client.WaitForEnd();
        Assert.Equal(2, client.ExitCode);
    }

    [RootFact(Needs.RootOnly)]
    public void Pipes_that_somebody_else_holds_do_not_keep_it()
    {
        using var pump = new PumpRun();
        pump.Write("whole\npart");
        pump.SendExited(0);
        Assert.Equal(0, pump.WaitForEnd());
        Assert.Equal("T stdout F whole\nT stdout P part\n", pump.Log);
    }

    [RootFact(Needs.RootOnly)]
    public void Pipes_into_which_somebody_else_goes_on_writing_do_not_keep_it_either()
    {
        using var pump = new PumpRun();
        bool done = false;
        var writing = Task.Run(() =>
        {
            try
            {
                while (!done)
                {
                    pump.Write("more\n");
                    Thread.Yield();
                }
            }
            catch (IOException)
            {
                // The reader has left; here there is no supervisor's duplicate any more.
            }
        });
        pump.Release(PumpDescriptor.Stdout);
        pump.SendExited(0);
        Assert.Equal(0, pump.WaitForEnd());
        done = true;
        Assert.True(writing.Wait(TimeSpan.FromSeconds(20)));
    }

    [RootFact(Needs.RootOnly)]
    public void Started_by_anybody_else_it_says_so()
    {
        var result = new Command(Installation.Pump).Run();
        result.ShouldFail(1, "started by the supervisor only");
    }

    // Anonymous memory that is the pump's alone; the program's own pages belong to the page cache.
    private static int Private(PumpRun pump)
    {
        string line = ProcFs.Read(pump.Process.Pid, "smaps_rollup")!.Split('\n').First(l => l.StartsWith("Pss_Anon:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
