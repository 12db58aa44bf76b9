using Engine.Diagnostics;
using Engine.Linux;
using Engine.Shared.Linux;
using Engine.Spec;

namespace Engine.Seccomp;

/// <summary>One entry of linux.seccomp.syscalls, checked.</summary>
/// <param name="Path">JSON path.</param>
/// <param name="Names">At least one.</param>
/// <param name="Alternatives">Any of which decides; one without comparisons for a rule without args.</param>
internal sealed record SeccompRule(string Path, string[] Names, IReadOnlyList<Alternative> Alternatives);

/// <summary>Checks everything about a profile that needs no libseccomp.</summary>
internal static class SeccompRules
{
    public const string Root = "linux.seccomp";

    /// <summary>SECCOMP_RET_* with its data.</summary>
    /// <exception cref="SeccompException"/>
    public static uint Action(string name, uint? errno, string actionPath, string errnoPath)
    {
        if (!SeccompTables.Actions.TryGetValue(name, out var action))
            throw new SeccompException($"{actionPath}: {Quote.Text(name)} is no action", "known are " + string.Join(", ", SeccompTables.Actions.Keys));
        if (errno is null)
            return action.MaxData == 0 ? action.Value : action.Value | (uint)Errno.EPERM;
        if (action.MaxData == 0)
            throw new SeccompException($"{errnoPath}: {name} returns no errno", "remove it, or use SCMP_ACT_ERRNO");
        if (errno > action.MaxData)
            throw new SeccompException($"{errnoPath}: {errno} is more than {action.MaxData}");
        return action.Value | errno.Value;
    }

    /// <summary>SECCOMP_FILTER_FLAG_*.</summary>
    /// <exception cref="SeccompException"/>
    public static uint Flags(string[] names)
    {
        uint flags = 0;
        for (var i = 0; i < names.Length; i++)
        {
            var path = $"{Root}.flags[{i}]";
            if (!SeccompTables.Flags.TryGetValue(names[i], out var flag))
                throw new SeccompException($"{path}: {Quote.Text(names[i])} is no flag", "known are " + string.Join(", ", SeccompTables.Flags.Keys));
            flags |= flag;
        }
        return flags;
    }

    /// <summary>libseccomp's own names of the architectures.</summary>
    /// <exception cref="SeccompException"/>
    public static IReadOnlyList<string> Architectures(string[] names)
    {
        const string prefix = "SCMP_ARCH_";
        for (var i = 0; i < names.Length; i++)
        {
            if (!names[i].StartsWith(prefix, StringComparison.Ordinal) || !SeccompTables.Architectures.Contains(names[i][prefix.Length..]))
                throw new SeccompException($"{Root}.architectures[{i}]: {Quote.Text(names[i])} is no architecture", "write it as SCMP_ARCH_X86_64");
        }
        return [.. names.Select(n => n[prefix.Length..].ToLowerInvariant())];
    }

    /// <summary>All rules.</summary>
    /// <exception cref="SeccompException"/>
    public static IReadOnlyList<SeccompRule> Rules(SyscallRuleSpec[] rules)
    {
        var all = new List<SeccompRule>();
        for (var i = 0; i < rules.Length; i++)
        {
            var path = $"{Root}.syscalls[{i}]";
            var action = Action(rules[i].Action, rules[i].ErrnoRet, path + ".action", path + ".errnoRet");
            if (rules[i].Names.Length == 0)
                throw new SeccompException($"{path}.names: is empty", "name a system call, or remove the rule");
            all.Add(new SeccompRule(path, rules[i].Names, Alternatives(rules[i].Args, action, path)));
        }
        return all;
    }

    /// <summary>
    /// All comparisons of a rule must hold, so they are one alternative; but libseccomp takes each argument once, and where an
    /// argument comes twice every comparison is an alternative by itself. (runc and crun have it so.)
    /// </summary>
    private static Alternative[] Alternatives(SyscallArgSpec[] args, uint action, string path)
    {
        var all = new scmp_arg_cmp[args.Length];
        for (var i = 0; i < all.Length; i++)
        {
            var arg = args[i];
            if (arg.Index > 5)
                throw new SeccompException($"{path}.args[{i}].index: {arg.Index} is more than 5: system calls have six arguments");
            if (!SeccompTables.Operators.TryGetValue(arg.Op, out var op))
                throw new SeccompException($"{path}.args[{i}].op: {Quote.Text(arg.Op)} is no operator", "known are " + string.Join(", ", SeccompTables.Operators.Keys));
            all[i] = new scmp_arg_cmp { arg = arg.Index, op = op, datum_a = arg.Value, datum_b = arg.ValueTwo };
        }
        return all.DistinctBy(a => a.arg).Count() == all.Length
            ? [new Alternative(action, all)]
            : [.. all.Select(a => new Alternative(action, [a]))];
    }
}
