using Engine.Shared.Policy;
using Engine.Shared.Protocol;

namespace Engine.Starter.Policy;

/// <summary>
/// Joining a running container as an ordinary user. There is no list of containers to consult that he could not have written: what he may join is
/// what the kernel lets him look into. setns(2) with a pidfd asks for the right to trace that process with the real ids and the permitted
/// capabilities, and ours are the caller's and without CAP_SYS_PTRACE: it must be his own and readable. What he can trace he can make do whatever
/// the new process will do, so that joining gives him nothing new (CVE-2019-11328 joined what a file of the user's said).
/// </summary>
internal static class ExecRules
{
    private const ulong Joinable = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;

    /// <summary>Whether these namespaces may be joined at all.</summary>
    public static bool Permit(ulong namespaces)
    {
        if (!Rules.Apply)
            return true;
        if ((namespaces & CLONE_NEWUSER) != 0)
            return Rules.Deny(PolicyRule.UserNamespace);
        if ((namespaces & ~Joinable) != 0)
            return Rules.Deny(PolicyRule.ExecTarget);
        // Without its mount namespace the process would be one of the host's, with the host's files and somebody's plan.
        return (namespaces & CLONE_NEWNS) != 0 || Rules.Deny(PolicyRule.ExecTarget);
    }
}
