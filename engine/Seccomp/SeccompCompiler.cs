using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Seccomp;

/// <summary>
/// linux.seccomp to the classic BPF that the kernel runs, through libseccomp, in an unprivileged process: whoever loads
/// the result parses nothing.
/// </summary>
public static class SeccompCompiler
{
    /// <summary>Above this many system calls a filter is a binary tree. Some libseccomp versions go wrong on a tree without rules.</summary>
    private const int TreeThreshold = 32;

    /// <summary>Compiles a profile.</summary>
    /// <exception cref="SeccompException">Something in it is unknown, cannot be done here, or libseccomp is missing.</exception>
    public static SeccompFilter Compile(SeccompSpec seccomp)
    {
        const string root = SeccompRules.Root;
        var defaultAction = SeccompRules.Action(seccomp.DefaultAction, seccomp.DefaultErrnoRet, root + ".defaultAction", root + ".defaultErrnoRet");
        var flags = SeccompRules.Flags(seccomp.Flags);
        var architectures = SeccompRules.Architectures(seccomp.Architectures);
        var rules = SeccompRules.Rules(seccomp.Syscalls);
        if (seccomp.ListenerMetadata is { Length: > 0 } && string.IsNullOrEmpty(seccomp.ListenerPath))
            throw new SeccompException($"{root}.listenerMetadata: is set without listenerPath", "remove it");
        try
        {
            var notes = new List<string>();
            var program = Compile(defaultAction, architectures, rules, notes);
            if (program.Length > Limits.SeccompBytes)
            {
                throw new SeccompException(
                    $"{root}.syscalls: the filter has {program.Length / 8} instructions, more than the kernel's {Limits.SeccompBytes / 8}",
                    "use fewer rules or architectures");
            }
            return new SeccompFilter(program, flags, notes);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new SeccompException($"{root}: libseccomp.so.2 cannot be used ({e.GetType().Name})", "install libseccomp 2.4 or newer (Debian: libseccomp2)", e);
        }
        catch (SyscallException e)
        {
            throw new SeccompException($"{root}: {e.Message}", null, e);
        }
    }

    private static byte[] Compile(uint defaultAction, IReadOnlyList<string> architectures, IReadOnlyList<SeccompRule> rules, List<string> notes)
    {
        var version = Version();
        var context = Libseccomp.seccomp_init(defaultAction);
        if (context == 0)
            throw new SeccompException($"{SeccompRules.Root}.defaultAction: libseccomp {version} does not know this action", "it needs libseccomp 2.4 or newer");
        try
        {
            var tokens = AddArchitectures(context, architectures, version);
            // A hint: an old library without it makes a longer way through the same filter.
            if (rules.Sum(r => r.Names.Length) > TreeThreshold)
                _ = Libseccomp.seccomp_attr_set(context, Libseccomp.SCMP_FLTATR_CTL_OPTIMIZE, 2);
            var calls = new Dictionary<int, KnownCall>();
            foreach (var rule in rules)
                AddRule(context, rule, defaultAction, version, calls, notes);
            notes.AddRange(calls.Values.SelectMany(c => c.WithoutEffect));
            var program = Libseccomp.Export(context);
            foreach (var call in calls.Values)
                Check(program, call, tokens, defaultAction, version);
            return NeedsPrologue(defaultAction) && LargestNumbers(calls, tokens) is { Count: > 0 } largest
                ? [.. UnknownSyscalls.Prologue(largest), .. program]
                : program;
        }
        finally
        {
            Libseccomp.seccomp_release(context);
        }
    }

    /// <summary>The machine's own architecture is always part of a filter; calls of one that is not listed kill.</summary>
    private static HashSet<uint> AddArchitectures(nint context, IReadOnlyList<string> names, string version)
    {
        var all = new HashSet<uint> { Libseccomp.seccomp_arch_native() };
        for (var i = 0; i < names.Count; i++)
        {
            var path = $"{SeccompRules.Root}.architectures[{i}]";
            var token = Libseccomp.seccomp_arch_resolve_name(names[i]);
            if (token == 0)
                throw new SeccompException($"{path}: libseccomp {version} does not know the architecture {names[i]}", "use a newer libseccomp, or remove it");
            if (!all.Add(token))
                continue;
            var result = Libseccomp.seccomp_arch_add(context, token);
            if (result < 0)
                throw Failed(path, $"{names[i]} cannot be part of a filter on this machine", result, "its byte order must be the machine's");
        }
        return all;
    }

    private static void AddRule(
        nint context, SeccompRule rule, uint defaultAction, string version, Dictionary<int, KnownCall> calls, List<string> notes)
    {
        var unknown = new List<string>();
        foreach (var name in rule.Names)
        {
            var number = Libseccomp.seccomp_syscall_resolve_name(name);
            if (number == Libseccomp.__NR_SCMP_ERROR)
            {
                unknown.Add(name);
                continue;
            }
            if (!calls.TryGetValue(number, out var call))
                calls.Add(number, call = new KnownCall(name));
            foreach (var alternative in rule.Alternatives)
            {
                call.Alternatives.Add((alternative, rule.Path));
                // The default needs no rule, and libseccomp refuses one (EACCES).
                if (alternative.Action != defaultAction)
                    AddAlternative(context, alternative, number, $"{rule.Path}: {name}", version);
            }
        }
        if (unknown.Count > 0)
            notes.Add($"{rule.Path}.names: libseccomp {version} does not know {string.Join(", ", unknown.Select(Quote.Text))}; skipped");
    }

    private static unsafe void AddAlternative(nint context, Alternative alternative, int number, string what, string version)
    {
        fixed (scmp_arg_cmp* comparisons = alternative.Comparisons)
        {
            var result = Libseccomp.seccomp_rule_add_array(context, alternative.Action, number, (uint)alternative.Comparisons.Length, comparisons);
            if (result == -Errno.EEXIST)
                throw new SeccompException($"{what}: libseccomp {version} finds that it contradicts an earlier rule for the call (EEXIST)", "remove one of them, or write them without overlap");
            if (result < 0)
                throw Failed(what, $"libseccomp {version} cannot add the rule", result, null);
        }
    }

    /// <summary>One rule by itself comes out right; several with comparisons are tried.</summary>
    private static void Check(byte[] program, KnownCall call, HashSet<uint> architectures, uint defaultAction, string version)
    {
        if (call.Alternatives.Count < 2 || call.Deciding is not null)
            return;
        foreach (var arch in architectures)
        {
            var number = Libseccomp.seccomp_syscall_resolve_name_arch(arch, call.Name);
            if (number >= 0 && FilterCheck.FindWrong(program, arch, (uint)number, [.. call.Alternatives.Select(a => a.Alternative)], defaultAction) is { } wrong)
            {
                throw new SeccompException(
                    $"{call.Alternatives[^1].Path}: libseccomp {version} makes a filter of the rules for {call.Name} that decides a call otherwise than they do ({wrong})",
                    "write them with SCMP_CMP_EQ or SCMP_CMP_MASKED_EQ, or as one rule");
            }
        }
    }

    private static bool NeedsPrologue(uint defaultAction) =>
        (defaultAction & seccomp_h.SECCOMP_RET_ACTION_FULL) == seccomp_h.SECCOMP_RET_ERRNO
        && (defaultAction & seccomp_h.SECCOMP_RET_DATA) != Errno.ENOSYS;

    private static Dictionary<uint, uint> LargestNumbers(Dictionary<int, KnownCall> calls, HashSet<uint> architectures)
    {
        var largest = new Dictionary<uint, uint>();
        foreach (var arch in architectures)
        {
            foreach (var call in calls.Values)
            {
                // Negative: a call that this architecture does not have.
                var number = Libseccomp.seccomp_syscall_resolve_name_arch(arch, call.Name);
                if (number >= 0)
                    largest[arch] = Math.Max((uint)number, largest.GetValueOrDefault(arch));
            }
        }
        return largest;
    }

    private static unsafe string Version()
    {
        var version = Libseccomp.seccomp_version();
        return $"{version->major}.{version->minor}.{version->micro}";
    }

    private static SeccompException Failed(string path, string what, int result, string? advice) =>
        new($"{path}: {what}: {ErrnoText.Describe(-result)}", advice);
}
