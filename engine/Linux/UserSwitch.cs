using System.Globalization;
using System.Runtime.InteropServices;
using Engine.Diagnostics;
using Engine.Rpc.Linux;

namespace Engine.Linux;

/// <summary>Root becomes an ordinary user, for good and with every thread, before it touches anything that is the user's.</summary>
public static unsafe partial class UserSwitch
{
    /// <summary>Uid and primary group of a user, by name or number.</summary>
    /// <exception cref="EngineException">There is no such user.</exception>
    public static (string Name, uint Uid, uint Gid) Find(string user)
    {
        // struct passwd, pwd.h: pw_name at 0, pw_uid at 16, pw_gid at 20; the same on every 64-bit machine.
        byte* entry = getpwnam(user);
        if (entry == null && uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint uid))
        {
            entry = getpwuid(uid);
        }

        return entry == null
            ? throw new EngineException($"no user \"{Printable.Of(user)}\" on this machine")
            : (Marshal.PtrToStringUTF8(*(nint*)entry)!, *(uint*)(entry + 16), *(uint*)(entry + 20));
    }

    /// <summary>Takes the user's ids and groups; no capability is left.</summary>
    /// <exception cref="SyscallException">The kernel refused.</exception>
    public static void Become(string name, uint uid, uint gid)
    {
        Check(initgroups(name, gid), "initgroups");
        Check(setresgid(gid, gid, gid), "setresgid");
        Check(setresuid(uid, uid, uid), "setresuid");
        if (Identity.EffectiveUid != uid || Identity.EffectiveGid != gid)
        {
            throw new EngineException($"still uid {Identity.EffectiveUid} after a change to {uid}");
        }
    }

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw SyscallException.Last(call);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial byte* getpwnam(string name);

    [LibraryImport("libc")]
    private static partial byte* getpwuid(uint uid);

    // glibc changes all threads with these.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int initgroups(string user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setresgid(uint real, uint effective, uint saved);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setresuid(uint real, uint effective, uint saved);
}
