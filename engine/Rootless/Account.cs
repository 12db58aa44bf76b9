using System.Runtime.InteropServices;
using Engine.Linux;

namespace Engine.Rootless;

/// <summary>The caller, as the id maps know it.</summary>
/// <param name="Uid">Effective user id.</param>
/// <param name="Gid">Effective group id.</param>
/// <param name="Name">Login name; null when no database knows the uid.</param>
public sealed record Account(uint Uid, uint Gid, string? Name)
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Who this process is. The name is asked of the machine's databases (getpwuid_r(3)), which may be a directory service.</summary>
    public static Account Current => new(Identity.EffectiveUid, Identity.EffectiveGid, NameOf(Identity.EffectiveUid));

    private static unsafe string? NameOf(uint uid)
    {
        // struct passwd begins with pw_name, and has less than this many bytes on every machine.
        byte** entry = stackalloc byte*[16];
        byte[] texts = new byte[BufferBytes];
        fixed (byte* at = texts)
        {
            void* found = null;
            return Libc.getpwuid_r(uid, entry, at, (nuint)texts.Length, &found) == 0 && found != null ? Marshal.PtrToStringUTF8((nint)entry[0]) : null;
        }
    }
}
