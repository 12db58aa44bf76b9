using Engine.Shared.Wire;
using Engine.Starter.Container;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>
/// AppArmor profile and SELinux label of the payload, to be taken with execve. Before no_new_privs, which would forbid the change. A label
/// that cannot be set is a failure, whatever the reason: it was asked for.
/// </summary>
internal static unsafe class SecurityLabels
{
    public static bool Set()
    {
        Text profile = PayloadPlan.Plan.ApparmorProfile, label = PayloadPlan.Plan.SelinuxLabel;
        if (profile.IsEmpty && label.IsEmpty)
            return true;
        int proc = PrivateProc.Open();
        if (proc < 0)
            return false;
        bool done = (profile.IsEmpty || Profile(proc, profile)) && (label.IsEmpty || Label(proc, label));
        Sys.close(proc);
        return done;
    }

    private static bool Profile(int proc, Text profile)
    {
        byte* buffer = stackalloc byte[PATH_MAX + 8];
        TextBuilder order = new TextBuilder(buffer, PATH_MAX + 8);
        order.Append("exec "u8);
        order.Append(new ReadOnlySpan<byte>(profile.At, profile.Length));
        if (PrivateProc.WriteOwn(proc, "attr/apparmor/exec"u8, order.Span))
            return true;
        // Before 5.8 there is one directory for whatever module is first.
        if (Failure.Errno == ENOENT && PrivateProc.WriteOwn(proc, "attr/exec"u8, order.Span))
            return true;
        Failure.SetPath(profile);
        return Failure.Explain("the AppArmor profile cannot be set"u8);
    }

    // The session keyring, made next, must be the payload's, too.
    private static bool Label(int proc, Text label)
    {
        ReadOnlySpan<byte> value = new ReadOnlySpan<byte>(label.At, label.Length);
        if (PrivateProc.WriteOwn(proc, "attr/exec"u8, value) && PrivateProc.WriteOwn(proc, "attr/keycreate"u8, value))
            return true;
        Failure.SetPath(label);
        return Failure.Explain("the SELinux label cannot be set"u8);
    }
}
