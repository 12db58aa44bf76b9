using Engine.Diagnostics;

namespace Engine.Spec;

/// <summary>linux.seccomp.</summary>
internal static class SeccompChecks
{
    private const uint LastErrno = 4095;

    public static void Run(RuntimeSpec spec, Findings findings)
    {
        if (spec.Linux?.Seccomp is not { } seccomp)
            return;
        Errno(seccomp.DefaultAction, seccomp.DefaultErrnoRet, "linux.seccomp.defaultErrnoRet", findings);
        if (!string.IsNullOrEmpty(seccomp.ListenerMetadata) && string.IsNullOrEmpty(seccomp.ListenerPath))
            findings.Error("linux.seccomp.listenerMetadata", "needs a listenerPath");
        Listener(seccomp, findings);
        for (var i = 0; i < seccomp.Syscalls.Length; i++)
            Rule(seccomp.Syscalls[i], $"linux.seccomp.syscalls[{i}]", findings);
    }

    private static void Listener(SeccompSpec seccomp, Findings findings)
    {
        const string at = "linux.seccomp.listenerPath";
        if (!string.IsNullOrEmpty(seccomp.ListenerPath))
            CheckText.AbsolutePath(seccomp.ListenerPath, at, findings);
        else if (seccomp.Notifies)
            findings.Error(at, "is required with SCMP_ACT_NOTIFY");
    }

    private static void Rule(SyscallRuleSpec rule, string at, Findings findings)
    {
        Errno(rule.Action, rule.ErrnoRet, at + ".errnoRet", findings);
        for (var i = 0; i < rule.Names.Length; i++)
        {
            // A name libseccomp does not know is skipped, because profiles name calls of newer kernels; one that cannot be
            // a name is a typing error that would leave a call open or closed.
            if (rule.Names[i].Length == 0 || !rule.Names[i].All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
                findings.Error($"{at}.names[{i}]", $"is no system call name: {Quote.Text(rule.Names[i])}");
        }
        for (var i = 0; i < rule.Args.Length; i++)
        {
            if (rule.Args[i].Index > 5)
                findings.Error($"{at}.args[{i}].index", $"must be from 0 to 5, is {rule.Args[i].Index}");
        }
    }

    // By the specification an action that returns no errno together with one is an error.
    private static void Errno(string action, uint? errno, string at, Findings findings)
    {
        if (errno is null)
            return;
        if (action is not ("SCMP_ACT_ERRNO" or "SCMP_ACT_TRACE"))
            findings.Error(at, $"is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE, not for {action}");
        else if (errno > LastErrno)
            findings.Error(at, $"must be at most {LastErrno}, is {errno}");
    }
}
