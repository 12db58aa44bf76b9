using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter;

/// <summary>Capability sets as bit masks; bit n is capability n.</summary>
internal struct CapabilitySets
{
    public ulong Permitted, Effective, Inheritable, Ambient;
}

/// <summary>
/// The only code that changes ids, groups, capabilities or no_new_privs of a process. Every change is read back from the
/// kernel, and a mismatch is a failure whatever the call returned (CVE-2020-5291, CVE-2023-38496): the caller must then end.
/// One thread, so that one call changes the whole process.
/// </summary>
internal static unsafe class Privileges
{
    // Masks hold 64; the kernel knows CAP_LAST_CAP + 1 of them and answers EINVAL behind its last.
    private const int MostCapabilities = 64;

    private struct GroupBuffer
    {
        public fixed uint Ids[NGROUPS_MAX];
    }

    private static GroupBuffer s_groups;

    /// <summary>
    /// Takes every capability that is not in <paramref name="keep"/> out of the bounding set, for good. Needs CAP_SETPCAP.
    /// </summary>
    public static bool LimitBounding(ulong keep)
    {
        // Nothing is asked before: an answer that is wrong would leave one in.
        for (int capability = 0; capability < MostCapabilities; capability++)
        {
            if ((keep >> capability & 1) != 0)
                continue;
            int result = Sys.prctl(PR_CAPBSET_DROP, capability);
            if (result == -EINVAL)
                break;
            // Without CAP_SETPCAP nothing can be taken out, and nothing may have to be.
            if (result < 0 && result != -EPERM)
                return Failure.Call("prctl(PR_CAPBSET_DROP)"u8, result);
            int present = Sys.prctl(PR_CAPBSET_READ, capability);
            if (present == -EINVAL && result < 0)
                break;
            if (present < 0)
                return Failure.Call("prctl(PR_CAPBSET_READ)"u8, present);
            if (present != 0)
                return result < 0 ? Failure.Call("prctl(PR_CAPBSET_DROP)"u8, result) : Mismatch("bounding set"u8);
        }

        return true;
    }

    /// <summary>
    /// Becomes <paramref name="uid"/> and <paramref name="gid"/> (real, effective, saved, file system) with exactly the
    /// groups at <paramref name="groups"/>. Permitted capabilities survive until <see cref="SetCapabilities"/>; the effective
    /// ones do not when uid 0 is left. <paramref name="groupsDenied"/>: a user namespace that denies setgroups may keep the groups it has.
    /// </summary>
    public static bool Become(uint uid, uint gid, uint* groups, int count, bool groupsDenied)
    {
        // -1 stands for "leave it" in all of these calls: the process would silently stay root.
        if (uid == uint.MaxValue || gid == uint.MaxValue)
            return Failure.Refuse("setresuid"u8, "4294967295 is not an id"u8);

        int result = Sys.prctl(PR_SET_KEEPCAPS, 1);
        if (result < 0)
            return Failure.Call("prctl(PR_SET_KEEPCAPS)"u8, result);
        // Without it the change of ids takes what was asked for, and it would look like something that could never be granted.
        if (Sys.prctl(PR_GET_KEEPCAPS) != 1)
            return Mismatch("PR_SET_KEEPCAPS"u8);

        result = Sys.setgroups(count, groups);
        bool keptGroups = result == -EPERM && (groupsDenied || UserNamespace.DeniesGroups) && count == 0;
        if (result < 0 && !keptGroups)
            return Failure.Call("setgroups"u8, result);

        result = Sys.setresgid(gid, gid, gid);
        if (result < 0)
            return Failure.Call("setresgid"u8, result);

        result = Sys.setresuid(uid, uid, uid);
        if (result < 0)
            return Failure.Call("setresuid"u8, result);

        return VerifyIds(uid, gid) && (keptGroups || VerifyGroups(groups, count));
    }

    /// <summary>
    /// Becomes root of the user namespace that the process is in, and keeps its groups: through them the caller reaches files, and what
    /// is executed in a container drops them. Capabilities stay as the namespace gave them.
    /// </summary>
    public static bool BecomeNamespaceRoot()
    {
        int result = Sys.setresgid(0, 0, 0);
        if (result < 0)
            return Failure.Call("setresgid"u8, result);
        result = Sys.setresuid(0, 0, 0);
        if (result < 0)
            return Failure.Call("setresuid"u8, result);
        return VerifyIds(0, 0);
    }

    /// <summary>What this process may still give to itself.</summary>
    public static bool ReadPermitted(out ulong permitted)
    {
        bool read = Get(out CapabilitySets sets);
        permitted = sets.Permitted;
        return read;
    }

    /// <summary>
    /// Makes every permitted capability effective. For the few calls between a change of ids and the final sets.
    /// </summary>
    public static bool RaiseEffective()
    {
        if (!Get(out CapabilitySets sets))
            return false;
        sets.Effective = sets.Permitted;
        return Set(ref sets);
    }

    /// <summary>
    /// Sets the four sets, cut down to what can be granted: the OCI text forbids to fail for a capability that the caller
    /// itself lacks. Ambient needs permitted and inheritable. Afterwards nothing survives a change of ids any more.
    /// <paramref name="untilExecve"/> stays permitted and effective on top, for what is still to be done.
    /// </summary>
    public static bool SetCapabilities(CapabilitySets wanted, ulong untilExecve)
    {
        if (!Get(out CapabilitySets have) || !Bounding(out ulong bounding) || !Bounding(out ulong again))
            return false;
        if (bounding != again)
            return Mismatch("bounding set"u8);
        wanted.Permitted &= have.Permitted;
        wanted.Effective &= wanted.Permitted;
        wanted.Inheritable &= have.Inheritable | (have.Permitted & bounding);
        wanted.Ambient &= wanted.Permitted & wanted.Inheritable;
        wanted.Permitted |= have.Permitted & untilExecve;
        wanted.Effective |= have.Permitted & untilExecve;

        if (!Set(ref wanted))
            return false;
        int result = Sys.prctl(PR_SET_KEEPCAPS, 0);
        if (result < 0)
            return Failure.Call("prctl(PR_SET_KEEPCAPS)"u8, result);
        return SetAmbient(wanted.Ambient) && Verify(ref wanted);
    }

    /// <summary>No execve gives a privilege from here on.</summary>
    public static bool SetNoNewPrivileges()
    {
        int result = Sys.prctl(PR_SET_NO_NEW_PRIVS, 1);
        if (result < 0)
            return Failure.Call("prctl(PR_SET_NO_NEW_PRIVS)"u8, result);
        return Sys.prctl(PR_GET_NO_NEW_PRIVS) == 1 || Mismatch("no_new_privs"u8);
    }

    /// <summary>
    /// Gives everything up: ids and group become <paramref name="id"/>, no groups, no capability in any set, no_new_privs.
    /// </summary>
    public static bool DropAll(uint id) =>
        LimitBounding(0) && Become(id, id, null, 0, false) && SetCapabilities(default, 0) && SetNoNewPrivileges();

    private static bool VerifyIds(uint uid, uint gid)
    {
        uint real, effective, saved;
        if (Sys.getresuid(&real, &effective, &saved) < 0 || real != uid || effective != uid || saved != uid)
            return Mismatch("user id"u8);
        if (Sys.getresgid(&real, &effective, &saved) < 0 || real != gid || effective != gid || saved != gid)
            return Mismatch("group id"u8);
        // An id that does not exist changes nothing and is answered with the present one.
        return (Sys.setfsuid(uint.MaxValue) == uid && Sys.setfsgid(uint.MaxValue) == gid) || Mismatch("file system id"u8);
    }

    // The kernel keeps groups in its own order, so the two lists are compared as bags: by sums of a mixing function.
    private static bool VerifyGroups(uint* wanted, int count)
    {
        fixed (uint* have = s_groups.Ids)
        {
            int found = Sys.getgroups(NGROUPS_MAX, have);
            return (found == count && Bag(have, found) == Bag(wanted, count)) || Mismatch("supplementary groups"u8);
        }
    }

    private static ulong Bag(uint* ids, int count)
    {
        ulong sum = 0;
        for (int i = 0; i < count; i++)
        {
            ulong mixed = (ids[i] + 0x9e3779b97f4a7c15UL) * 0xbf58476d1ce4e5b9UL;
            sum += (mixed ^ (mixed >> 31)) * 0x94d049bb133111ebUL;
        }

        return sum;
    }

    private static bool SetAmbient(ulong ambient)
    {
        int result = Sys.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
        for (int capability = 0; capability < MostCapabilities && result >= 0; capability++)
            if ((ambient >> capability & 1) != 0)
                result = Sys.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
        return result >= 0 || Failure.Call("prctl(PR_CAP_AMBIENT)"u8, result);
    }

    private static bool Verify(ref CapabilitySets wanted)
    {
        if (!Get(out CapabilitySets have))
            return false;
        if (have.Permitted != wanted.Permitted || have.Effective != wanted.Effective || have.Inheritable != wanted.Inheritable)
            return Mismatch("capabilities"u8);

        for (int capability = 0; capability < MostCapabilities; capability++)
        {
            int present = Sys.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability);
            if (present == -EINVAL)
                return true;
            if (present != (int)(wanted.Ambient >> capability & 1))
                return Mismatch("ambient capabilities"u8);
        }

        return true;
    }

    private static bool Bounding(out ulong bounding)
    {
        bounding = 0;
        for (int capability = 0; capability < MostCapabilities; capability++)
        {
            int present = Sys.prctl(PR_CAPBSET_READ, capability);
            if (present == -EINVAL)
                break;
            if (present < 0)
                return Failure.Call("prctl(PR_CAPBSET_READ)"u8, present);
            bounding |= (ulong)(uint)present << capability;
        }

        return true;
    }

    private static bool Get(out CapabilitySets sets)
    {
        __user_cap_header_struct header;
        header.version = _LINUX_CAPABILITY_VERSION_3;
        header.pid = 0;
        __user_cap_data_struct* data = stackalloc __user_cap_data_struct[2];
        // No kernel has this one: where it is still set, nothing was answered.
        data[1].permitted = 1U << 31;
        int result = Sys.capget(&header, data);
        sets.Permitted = data[0].permitted | ((ulong)data[1].permitted << 32);
        sets.Effective = data[0].effective | ((ulong)data[1].effective << 32);
        sets.Inheritable = data[0].inheritable | ((ulong)data[1].inheritable << 32);
        sets.Ambient = 0;
        if (result < 0)
            return Failure.Call("capget"u8, result);
        return sets.Permitted >> (MostCapabilities - 1) == 0 || Mismatch("capabilities"u8);
    }

    private static bool Set(ref CapabilitySets sets)
    {
        __user_cap_header_struct header;
        header.version = _LINUX_CAPABILITY_VERSION_3;
        header.pid = 0;
        __user_cap_data_struct* data = stackalloc __user_cap_data_struct[2];
        data[0].permitted = (uint)sets.Permitted;
        data[1].permitted = (uint)(sets.Permitted >> 32);
        data[0].effective = (uint)sets.Effective;
        data[1].effective = (uint)(sets.Effective >> 32);
        data[0].inheritable = (uint)sets.Inheritable;
        data[1].inheritable = (uint)(sets.Inheritable >> 32);
        int result = Sys.capset(&header, data);
        return result >= 0 || Failure.Call("capset"u8, result);
    }

    private static bool Mismatch(ReadOnlySpan<byte> what)
    {
        byte* words = stackalloc byte[128];
        TextBuilder text = new TextBuilder(words, 128);
        text.Append("the kernel shows another value than was set: "u8);
        text.Append(what);
        return Failure.Refuse("credentials"u8, text.Span);
    }
}
