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

    /// <summary>Every rule takes at least one of the instructions that the kernel allows; and libseccomp's time grows with their square.</summary>
    private const int MostRules = Limits.SeccompBytes / 8;

    /// <summary>Unknown names that a note lists.</summary>
    private const int ListedNames = 16;

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
            // The kernel takes this flag with a listener only; a profile that notifies nobody means nothing by it.
            if (!seccomp.Notifies)
                flags &= ~(uint)seccomp_h.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
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
            var calls = Gather(rules, version, notes);
            foreach (var (number, call) in calls)
            {
                if (!call.IsOurs)
                    AddToLibrary(context, number, call, defaultAction, version);
            }
            return [.. FilterPrologue.Build(Parts(calls.Values, tokens, defaultAction)), .. Libseccomp.Export(context)];
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

    /// <summary>What the profile says, by system call (libseccomp's number for this machine, or its own negative one).</summary>
    private static Dictionary<int, KnownCall> Gather(IReadOnlyList<SeccompRule> rules, string version, List<string> notes)
    {
        var calls = new Dictionary<int, KnownCall>();
        var count = 0;
        foreach (var rule in rules)
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
                call.Alternatives.AddRange(rule.Alternatives.Select(a => (a, rule.Path)));
                count += rule.Alternatives.Count;
                if (count > MostRules)
                    throw new SeccompException($"{rule.Path}: is beyond the {MostRules} rules that a filter of the kernel can hold", "use fewer rules");
            }
            if (unknown.Count > 0)
                notes.Add($"{rule.Path}.names: libseccomp {version} does not know {Listed(unknown)}; skipped");
        }
        foreach (var rule in calls.Values.SelectMany(c => c.WithoutEffect(), (c, rule) => (rule.Path, rule.Decides, c.Name)).Distinct().GroupBy(r => (r.Path, r.Decides)))
            notes.Add($"{rule.Key.Path}: without effect for {string.Join(", ", rule.Select(r => r.Name))}: {rule.Key.Decides} decides");
        return calls;
    }

    private static string Listed(List<string> names) =>
        string.Join(", ", names.Take(ListedNames).Select(Quote.Text)) + (names.Count > ListedNames ? $" and {names.Count - ListedNames} more" : "");

    private static unsafe void AddToLibrary(nint context, int number, KnownCall call, uint defaultAction, string version)
    {
        foreach (var (alternative, path) in call.Deciding is { } deciding ? [deciding] : call.Alternatives)
        {
            // The default needs no rule, and libseccomp refuses one (EACCES).
            if (alternative.Action == defaultAction)
                continue;
            fixed (scmp_arg_cmp* comparisons = alternative.Comparisons)
            {
                var result = Libseccomp.seccomp_rule_add_array(context, alternative.Action, number, (uint)alternative.Comparisons.Length, comparisons);
                if (result < 0)
                    throw Failed($"{path}: {call.Name}", $"libseccomp {version} cannot add the rule", result, null);
            }
        }
    }

    private static Dictionary<uint, ArchitecturePart> Parts(IEnumerable<KnownCall> calls, HashSet<uint> architectures, uint defaultAction)
    {
        var parts = architectures.ToDictionary(a => a, _ => new ArchitecturePart());
        foreach (var (arch, part) in parts)
        {
            foreach (var call in calls)
            {
                // Negative: the architecture does not have the call, or has it through a multiplexer too.
                var pseudo = Libseccomp.seccomp_syscall_resolve_name_arch(arch, call.Name);
                if ((pseudo >= 0 ? (uint)pseudo : Multiplexed.Direct(arch, call.Name)) is { } number)
                {
                    if (AnswersErrno(defaultAction))
                        part.LargestKnown = Math.Max(number, part.LargestKnown ?? 0);
                    if (call.IsOurs)
                        part.Calls.Add((number, [.. call.Alternatives.Select(a => a.Alternative)], defaultAction));
                }
                if (pseudo < 0 && call.IsOurs)
                    AddMultiplexer(part, arch, pseudo, call, calls, defaultAction);
            }
        }
        return parts;
    }

    private static void AddMultiplexer(
        ArchitecturePart part, uint arch, int pseudo, KnownCall call, IEnumerable<KnownCall> calls, uint defaultAction)
    {
        var multiplexer = Libseccomp.seccomp_syscall_resolve_name_rewrite(arch, call.Name);
        // A profile that names the multiplexer itself has decided about it.
        if (multiplexer < 0 || calls.Any(c => Libseccomp.seccomp_syscall_resolve_name_arch(arch, c.Name) == multiplexer))
            return;
        if (Multiplexed.Through(pseudo, call, defaultAction) is not { } rule)
            return;
        if (part.Calls.Find(c => c.Number == multiplexer).Alternatives is { } others)
            others.Add(rule);
        else
            part.Calls.Add(((uint)multiplexer, [rule], null));
    }

    /// <summary>runc answers ENOSYS to newer calls for every denying default; a default that kills or traps is left as it is here.</summary>
    private static bool AnswersErrno(uint defaultAction) =>
        (defaultAction & seccomp_h.SECCOMP_RET_ACTION_FULL) == seccomp_h.SECCOMP_RET_ERRNO
        && (defaultAction & seccomp_h.SECCOMP_RET_DATA) != Errno.ENOSYS;

    /// <summary>Version of the library that filters are made with.</summary>
    public static string LibraryVersion => Version();

    /// <summary>True for an architecture (SCMP_ARCH_* without the prefix) that the library knows.</summary>
    public static bool Knows(string architecture) => Libseccomp.seccomp_arch_resolve_name(architecture.ToLowerInvariant()) != 0;

    private static unsafe string Version()
    {
        var version = Libseccomp.seccomp_version();
        return $"{version->major}.{version->minor}.{version->micro}";
    }

    private static SeccompException Failed(string path, string what, int result, string? advice) =>
        new($"{path}: {what}: {ErrnoText.Describe(-result)}", advice);
}
