using System.Text.Json;
using static Engine.Spec.JsonTokens;

namespace Engine.Spec;

/// <summary>linux.seccomp.</summary>
internal static partial class SpecReader
{
    private static SeccompSpec Seccomp(ref Utf8JsonReader reader)
    {
        var seccomp = new SeccompSpec { DefaultAction = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "defaultAction": seccomp.DefaultAction = Text(ref reader); break;
                case "defaultErrnoRet": seccomp.DefaultErrnoRet = reader.GetUInt32(); break;
                case "architectures": seccomp.Architectures = List(ref reader, Text); break;
                case "flags": seccomp.Flags = List(ref reader, Text); break;
                case "listenerPath": seccomp.ListenerPath = Text(ref reader); break;
                case "listenerMetadata": seccomp.ListenerMetadata = Text(ref reader); break;
                case "syscalls": seccomp.Syscalls = List(ref reader, SyscallRule); break;
                default: reader.Skip(); break;
            }
        }
        return seccomp;
    }

    private static SyscallRuleSpec SyscallRule(ref Utf8JsonReader reader)
    {
        var syscallRule = new SyscallRuleSpec { Names = [], Action = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "names": syscallRule.Names = List(ref reader, Text); break;
                case "action": syscallRule.Action = Text(ref reader); break;
                case "errnoRet": syscallRule.ErrnoRet = reader.GetUInt32(); break;
                case "args": syscallRule.Args = List(ref reader, SyscallArg); break;
                default: reader.Skip(); break;
            }
        }
        return syscallRule;
    }

    private static SyscallArgSpec SyscallArg(ref Utf8JsonReader reader)
    {
        var syscallArg = new SyscallArgSpec { Index = 0, Value = 0, Op = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "index": syscallArg.Index = reader.GetUInt32(); break;
                case "value": syscallArg.Value = reader.GetUInt64(); break;
                case "valueTwo": syscallArg.ValueTwo = reader.GetUInt64(); break;
                case "op": syscallArg.Op = Text(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return syscallArg;
    }
}
