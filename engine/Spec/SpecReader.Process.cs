using System.Text.Json;
using static Engine.Spec.JsonTokens;

namespace Engine.Spec;

/// <summary>process.</summary>
internal static partial class SpecReader
{
    public static ProcessSpec Process(ref Utf8JsonReader reader)
    {
        var process = new ProcessSpec { Cwd = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "terminal": process.Terminal = reader.GetBoolean(); break;
                case "consoleSize": process.ConsoleSize = ConsoleSize(ref reader); break;
                case "user": process.User = User(ref reader); break;
                case "args": process.Args = List(ref reader, Text); break;
                case "commandLine": process.CommandLine = Text(ref reader); break;
                case "env": process.Env = List(ref reader, Text); break;
                case "cwd": process.Cwd = Text(ref reader); break;
                case "capabilities": process.Capabilities = CapabilitySets(ref reader); break;
                case "rlimits": process.Rlimits = List(ref reader, Rlimit); break;
                case "noNewPrivileges": process.NoNewPrivileges = reader.GetBoolean(); break;
                case "apparmorProfile": process.ApparmorProfile = Text(ref reader); break;
                case "selinuxLabel": process.SelinuxLabel = Text(ref reader); break;
                case "oomScoreAdj": process.OomScoreAdj = reader.GetInt32(); break;
                case "scheduler": process.Scheduler = Scheduler(ref reader); break;
                case "ioPriority": process.IoPriority = IoPriority(ref reader); break;
                case "execCPUAffinity": process.ExecCpuAffinity = CpuAffinity(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return process;
    }

    private static ConsoleSizeSpec ConsoleSize(ref Utf8JsonReader reader)
    {
        var consoleSize = new ConsoleSizeSpec { Height = 0, Width = 0 };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "height": consoleSize.Height = reader.GetUInt64(); break;
                case "width": consoleSize.Width = reader.GetUInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return consoleSize;
    }

    private static UserSpec User(ref Utf8JsonReader reader)
    {
        var user = new UserSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "uid": user.Uid = reader.GetUInt32(); break;
                case "gid": user.Gid = reader.GetUInt32(); break;
                case "umask": user.Umask = reader.GetUInt32(); break;
                case "additionalGids": user.AdditionalGids = List(ref reader, UInt32); break;
                case "username": user.Username = Text(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return user;
    }

    private static CapabilitiesSpec CapabilitySets(ref Utf8JsonReader reader)
    {
        var capabilitySets = new CapabilitiesSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "bounding": capabilitySets.Bounding = List(ref reader, Text); break;
                case "effective": capabilitySets.Effective = List(ref reader, Text); break;
                case "inheritable": capabilitySets.Inheritable = List(ref reader, Text); break;
                case "permitted": capabilitySets.Permitted = List(ref reader, Text); break;
                case "ambient": capabilitySets.Ambient = List(ref reader, Text); break;
                default: reader.Skip(); break;
            }
        }
        return capabilitySets;
    }

    private static RlimitSpec Rlimit(ref Utf8JsonReader reader)
    {
        var rlimit = new RlimitSpec { Type = "", Soft = 0, Hard = 0 };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "type": rlimit.Type = Text(ref reader); break;
                case "soft": rlimit.Soft = reader.GetUInt64(); break;
                case "hard": rlimit.Hard = reader.GetUInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return rlimit;
    }

    private static SchedulerSpec Scheduler(ref Utf8JsonReader reader)
    {
        var scheduler = new SchedulerSpec { Policy = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "policy": scheduler.Policy = Text(ref reader); break;
                case "nice": scheduler.Nice = reader.GetInt32(); break;
                case "priority": scheduler.Priority = reader.GetInt32(); break;
                case "flags": scheduler.Flags = List(ref reader, Text); break;
                case "runtime": scheduler.Runtime = reader.GetUInt64(); break;
                case "deadline": scheduler.Deadline = reader.GetUInt64(); break;
                case "period": scheduler.Period = reader.GetUInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return scheduler;
    }

    private static IoPrioritySpec IoPriority(ref Utf8JsonReader reader)
    {
        var ioPriority = new IoPrioritySpec { Class = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "class": ioPriority.Class = Text(ref reader); break;
                case "priority": ioPriority.Priority = reader.GetInt32(); break;
                default: reader.Skip(); break;
            }
        }
        return ioPriority;
    }

    private static CpuAffinitySpec CpuAffinity(ref Utf8JsonReader reader)
    {
        var cpuAffinity = new CpuAffinitySpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "initial": cpuAffinity.Initial = Text(ref reader); break;
                case "final": cpuAffinity.Final = Text(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return cpuAffinity;
    }
}
