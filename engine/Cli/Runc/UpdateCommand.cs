using System.Globalization;
using System.Text.Json;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Spec;

namespace Engine.Cli.Runc;

/// <summary>
/// <c>update ID</c>: new limits, from a linux.resources document (<c>--resources FILE</c>, - for standard input, which then
/// counts alone, as in runc) or from one option each. All of them hold afterwards, or none is changed.
/// </summary>
public static class UpdateCommand
{
    private enum Unit
    {
        Count,
        Signed,
        Bytes,
        Text,
    }

    // option → member of linux.resources, how its value reads. Zero of a number without sign is "not given", as in runc.
    private static readonly (string Option, string Group, string Member, Unit Unit, string Usage)[] Limits =
    [
        ("blkio-weight", "blockIO", "weight", Unit.Count, "Specifies per cgroup weight, range is from 10 to 1000"),
        ("cpu-period", "cpu", "period", Unit.Count, "CPU CFS period to be used for hardcapping (in usecs). 0 to use system default"),
        ("cpu-quota", "cpu", "quota", Unit.Signed, "CPU CFS hardcap limit (in usecs). Allowed cpu time in a given period"),
        ("cpu-burst", "cpu", "burst", Unit.Count, "CPU CFS hardcap burst limit (in usecs). Allowed accumulated cpu time additionally for burst a given period"),
        ("cpu-share", "cpu", "shares", Unit.Count, "CPU shares (relative weight vs. other containers)"),
        ("cpu-rt-period", "cpu", "realtimePeriod", Unit.Count, "CPU realtime period to be used for hardcapping (in usecs). 0 to use system default"),
        ("cpu-rt-runtime", "cpu", "realtimeRuntime", Unit.Signed, "CPU realtime hardcap limit (in usecs). Allowed cpu time in a given period"),
        ("cpuset-cpus", "cpu", "cpus", Unit.Text, "CPU(s) to use"),
        ("cpuset-mems", "cpu", "mems", Unit.Text, "Memory node(s) to use"),
        ("memory", "memory", "limit", Unit.Bytes, "Memory limit (in bytes)"),
        ("memory-reservation", "memory", "reservation", Unit.Bytes, "Memory reservation or soft_limit (in bytes)"),
        ("memory-swap", "memory", "swap", Unit.Bytes, "Total memory usage (memory + swap); set '-1' to enable unlimited swap"),
        ("pids-limit", "pids", "limit", Unit.Signed, "Maximum number of pids allowed in the container; -1 for no limit"),
        ("cpu-idle", "cpu", "idle", Unit.Signed, "set cgroup SCHED_IDLE or not, 0: default behavior, 1: SCHED_IDLE"),
    ];

    // Of linux.intelRdt, which is none of linux.resources; and what is said where the container has no group there.
    private static readonly (string Option, string Usage, string Missing)[] Rdt =
    [
        ("l3-cache-schema", "The string of Intel RDT/CAT L3 cache schema", "Intel RDT/CAT: l3 cache schema is not enabled"),
        ("mem-bw-schema", "The string of Intel RDT/MBA memory bandwidth schema", "Intel RDT/MBA: memory bandwidth schema is not enabled"),
    ];

    // Accepted by runc without effect since kernels have no such limits.
    private static readonly string[] Ignored = ["kernel-memory", "kernel-memory-tcp"];

    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Description = "The document is a linux.resources object; what it leaves out stays as it is. With --resources every other option is ignored.",
        Options =
        [
            RuncOption.Text("resources", "path to the file containing the resources to update or '-' to read from the standard input", 'r'),
            .. Limits.Select(limit => RuncOption.Text(limit.Option, limit.Usage)),
            .. Rdt.Select(option => RuncOption.Text(option.Option, option.Usage)),
            .. Ignored.Select(name => RuncOption.Text(name, "no effect") with { IsHidden = true }),
        ],
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        using ContainerHandle container = ContainerHandle.Open(call.Globals.Root, call.Id);
        if (call.Text("resources") is { } file)
        {
            byte[] document = InputFile.ReadOrStandardInput(file, out string name);
            RuncTexts.Require("update", container.Id, container.State.Status);
            ConfigLoader.LoadResources(document, name);
            container.Update(WithoutDevices(document), name);
            return 0;
        }

        byte[] resources = Compose(call);
        RuncTexts.Require("update", container.Id, container.State.Status);
        var schemata = new List<string>();
        foreach ((string option, _, string missing) in Rdt)
        {
            if (call.Text(option) is { } schema)
            {
                schemata.Add(container.State.Engine?.ResctrlGroups is { Length: > 0 } ? schema : throw new EngineException(missing));
            }
        }

        container.Update(resources, "options");
        container.UpdateSchemata(schemata);
        return 0;
    }

    /// <summary>A linux.resources document of the options that were given.</summary>
    /// <exception cref="EngineException">A value that cannot be read.</exception>
    private static byte[] Compose(RuncCall call)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (IGrouping<string, (string Option, string Group, string Member, Unit Unit, string Usage)> group in Limits.GroupBy(limit => limit.Group))
            {
                var given = group.Where(limit => call.Text(limit.Option) is not null).ToList();
                if (given.Count == 0)
                {
                    continue;
                }

                json.WriteStartObject(group.Key);
                foreach (var (option, _, member, unit, _) in given)
                {
                    json.WritePropertyName(member);
                    Write(json, option, unit, call.Text(option)!);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    // As runc: its callers send back the rules of the creation, and what a plugin has allowed since would be taken away.
    private static byte[] WithoutDevices(byte[] document)
    {
        using JsonDocument parsed = JsonDocument.Parse(document);
        if (!parsed.RootElement.TryGetProperty("devices", out _))
        {
            return document;
        }

        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (JsonProperty member in parsed.RootElement.EnumerateObject().Where(member => member.Name != "devices"))
            {
                member.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string option, Unit unit, string value)
    {
        switch (unit)
        {
            case Unit.Text:
                json.WriteStringValue(value);
                break;
            case Unit.Count when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong count):
                json.WriteNumberValue(count);
                break;
            case Unit.Signed when long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number):
                json.WriteNumberValue(number);
                break;
            case Unit.Bytes when ByteSize.TryParse(value, out long bytes):
                json.WriteNumberValue(bytes);
                break;
            case Unit.Bytes:
                throw new EngineException($"invalid value for {option}: invalid size: '{Printable.Of(value)}'");
            default:
                throw new EngineException($"invalid value for {option}: {Quote.Text(value)} is not a number that it takes");
        }
    }
}
