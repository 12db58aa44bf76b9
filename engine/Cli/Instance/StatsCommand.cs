using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Engine.Cgroups;
using Engine.Cli.Runc;
using Engine.Instances;
using Engine.Lifecycle;

namespace Engine.Cli.Instance;

/// <summary>
/// <c>engine instance stats NAME</c>: Apptainer's table, every second anew until the instance ends. JSON is one look with all that the
/// cgroups say, as <c>engine-runc events</c> has it.
/// </summary>
public static class StatsCommand
{
    private const string Absent = "--";
    private const string ClearScreen = "\e[H\e[2J";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var name = Subject.Instance.Argument();
        var user = OwnerOption.Build();
        var json = Options.Switch("--json", "-j", "print all numbers once, as JSON", "JSON");
        var once = Options.Switch("--no-stream", null, "print one table and end", "NO_STREAM");
        var command = new Command("stats", "show what an instance uses") { root, name, user, json, once };
        command.SetAction(parsed =>
        {
            OwnerOption.Apply(parsed, user);
            using ContainerHandle instance = InstanceLookup.Open(Options.StateRoot(parsed, root), parsed.GetValue(name)!);
            using InstanceUse use = InstanceUse.Open(instance);
            if (parsed.GetValue(json))
            {
                PrintJson(instance);
                return 0;
            }

            Follow(instance.Id, use, parsed.GetValue(once));
            return 0;
        });
        return command;
    }

    /// <summary>Bytes with four digits and a unit of 1024.</summary>
    internal static string Size(long? bytes)
    {
        if (bytes is not { } number)
        {
            return Absent;
        }

        double value = number;
        int unit = 0;
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return value.ToString("G4", CultureInfo.InvariantCulture) + Units[unit];
    }

    // The use of the processor takes two looks, so the first table comes after the first interval.
    private static void Follow(string name, InstanceUse use, bool once)
    {
        while (use.Next(Interval) is { } sample)
        {
            if (!once && !Console.IsOutputRedirected)
            {
                Console.Out.Write(ClearScreen);
            }

            var table = new Table(4, "INSTANCE NAME", "CPU USAGE", "MEM USAGE / LIMIT", "MEM %", "BLOCK I/O", "PIDS");
            CgroupStats now = sample.Now;
            table.Add(
                name, Percent(sample.CpuPercent), $"{Size(now.MemoryCurrent)} / {Size(sample.MemoryLimit)}", Percent(sample.MemoryPercent),
                $"{Size(now.IoReadBytes)} / {Size(now.IoWriteBytes)}", now.PidsCurrent?.ToString(CultureInfo.InvariantCulture) ?? Absent);
            table.Print(Console.Out);
            if (once)
            {
                return;
            }
        }
    }

    private static string Percent(double? value) => value is { } number ? number.ToString("F2", CultureInfo.InvariantCulture) + "%" : Absent;

    private static void PrintJson(ContainerHandle instance)
    {
        using Stream output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, IndentCharacter = '\t', IndentSize = 1 }))
        {
            RuncStats.Write(json, new CgroupReadings(instance.Slots()));
        }

        output.WriteByte((byte)'\n');
    }
}
