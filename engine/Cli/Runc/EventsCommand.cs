using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary>
/// <c>events ID</c>: a line of JSON with the container's use every interval, and one for each time that the kernel killed in
/// it for want of memory, until the container ends. With --stats one line and no more.
/// </summary>
public static class EventsCommand
{
    // How often the count of kills is looked at between two lines.
    private static readonly TimeSpan OutOfMemoryInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Description = "The events command displays information about the container. By default the information is displayed once every 5 seconds.",
        Options =
        [
            RuncOption.Text("interval", "set the stats collection interval", @default: "5s"),
            RuncOption.Switch("stats", "display the container's stats then exit"),
        ],
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        using ContainerHandle container = ContainerHandle.Open(call.Globals.Root, call.Id);
        if (!GoDuration.TryParse(call.Text("interval")!, out TimeSpan interval))
        {
            throw new UsageException($"invalid value {Quote.Text(call.Text("interval"))} for flag -interval: parse error");
        }

        if (interval <= TimeSpan.Zero)
        {
            throw new EngineException("duration interval must be greater than 0");
        }

        RuncTexts.Require("events", container.Id, container.State.Status);
        var cgroups = new CgroupReadings(container.Slots());
        if (call.Switch("stats"))
        {
            PrintStats(container.Id, cgroups);
            return 0;
        }

        Follow(container, cgroups, interval);
        return 0;
    }

    // As runc: the first line comes after the first interval.
    private static void Follow(ContainerHandle container, CgroupReadings cgroups, TimeSpan interval)
    {
        using SafeFd? process = Open(container);
        ulong kills = Kills(cgroups);
        long next = Environment.TickCount64 + (long)interval.TotalMilliseconds;
        while (process is not null)
        {
            long left = Math.Max(1, next - Environment.TickCount64);
            bool ended = Pidfds.WaitForEnd(process, TimeSpan.FromMilliseconds(Math.Min(left, OutOfMemoryInterval.TotalMilliseconds)));
            for (ulong now = Kills(cgroups); kills < now; kills++)
            {
                Print("oom", container.Id, null);
            }

            if (ended)
            {
                return;
            }

            if (Environment.TickCount64 >= next)
            {
                PrintStats(container.Id, cgroups);
                next += (long)interval.TotalMilliseconds;
            }
        }
    }

    private static SafeFd? Open(ContainerHandle container)
    {
        try
        {
            SafeFd process = Pidfds.Open(container.State.Pid ?? 0);
            if (Liveness.PayloadLives(container.State))
            {
                return process;
            }

            process.Dispose();
            return null;
        }
        catch (SyscallException error) when (error.Errno is Errno.ESRCH or Errno.EINVAL)
        {
            return null;
        }
    }

    private static ulong Kills(CgroupReadings cgroups) =>
        cgroups.Table("memory", cgroups.IsV1("memory") ? "memory.oom_control" : "memory.events").GetValueOrDefault("oom_kill");

    private static void PrintStats(string id, CgroupReadings cgroups) => Print("stats", id, cgroups);

    private static void Print(string type, string id, CgroupReadings? data) => Console.Out.WriteLine(RuncState.Text(indented: false, json =>
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteString("id", id);
        if (data is not null)
        {
            json.WritePropertyName("data");
            RuncStats.Write(json, data);
        }

        json.WriteEndObject();
    }));
}
