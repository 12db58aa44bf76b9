using System.Globalization;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary>
/// <c>ps ID [ps options]</c>: the container's processes by host pid, as the lines of ps(1) that show them, or as a JSON array.
/// What stands behind the id is ps's own; -ef when nothing does.
/// </summary>
public static class PsCommand
{
    private static readonly string[] DefaultOptions = ["-ef"];

    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Operands = "<container-id> [ps options]",
        Most = int.MaxValue,
        StopAt = 1,
        Options = [RuncOption.Text("format", "select one of: table or json", 'f', "table")],
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        using ContainerHandle container = ContainerHandle.Open(call.Globals.Root, call.Id);
        IReadOnlyList<int> pids = Pids(container);
        switch (call.Text("format"))
        {
            case "json":
                Console.Out.WriteLine(Json(pids));
                return 0;
            case "table":
                Print(pids, call.Operands.Count > 1 ? [.. call.Operands.Skip(1)] : DefaultOptions);
                return 0;
            default:
                throw new EngineException("invalid format option");
        }
    }

    // Without cgroups nothing but its first process is known of a container. 0: a process of a pid namespace that is none of ours.
    private static IReadOnlyList<int> Pids(ContainerHandle container)
    {
        IReadOnlyList<CgroupSlot> slots = container.Slots();
        if (slots.Count > 0)
        {
            return [.. CgroupReader.ReadPids(slots).Where(pid => pid > 0)];
        }

        return container.State.Status != ContainerStatus.Stopped && container.State.Pid is int pid ? [pid] : [];
    }

    private static string Json(IReadOnlyList<int> pids) => pids.Count == 0 ? "null" : RuncState.Text(indented: false, json =>
    {
        json.WriteStartArray();
        foreach (int pid in pids)
        {
            json.WriteNumberValue(pid);
        }

        json.WriteEndArray();
    });

    private static void Print(IReadOnlyList<int> pids, IReadOnlyList<string> options)
    {
        CommandOutput ps = CommandOutput.Of("ps", options);
        if (ps.ExitCode != 0)
        {
            throw new EngineException($"exit status {ps.ExitCode}: {ps.Text}");
        }

        string[] lines = ps.Text.Split('\n');
        int column = Array.IndexOf(Fields(lines[0]), "PID");
        if (column < 0)
        {
            throw new EngineException("couldn't find PID field in ps output");
        }

        Console.Out.WriteLine(lines[0]);
        foreach (string line in lines.Skip(1))
        {
            string[] fields = Fields(line);
            if (fields.Length > column && int.TryParse(fields[column], NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pids.Contains(pid))
            {
                Console.Out.WriteLine(line);
            }
        }
    }

    private static string[] Fields(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
