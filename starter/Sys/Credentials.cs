namespace Engine.Starter;

// unistd.h, sys/capability.h: identity. Nothing here verifies: who changes ids reads them back.
internal static unsafe partial class Sys
{
    public static uint getuid() => (uint)Call(SYS_getuid);

    public static uint geteuid() => (uint)Call(SYS_geteuid);

    public static uint getgid() => (uint)Call(SYS_getgid);

    public static uint getegid() => (uint)Call(SYS_getegid);

    public static int getresuid(uint* real, uint* effective, uint* saved) =>
        (int)Call(SYS_getresuid, (long)real, (long)effective, (long)saved);

    public static int getresgid(uint* real, uint* effective, uint* saved) =>
        (int)Call(SYS_getresgid, (long)real, (long)effective, (long)saved);

    /// <summary>uint.MaxValue leaves an id as it is.</summary>
    public static int setresuid(uint real, uint effective, uint saved) => (int)Call(SYS_setresuid, real, effective, saved);

    /// <inheritdoc cref="setresuid"/>
    public static int setresgid(uint real, uint effective, uint saved) => (int)Call(SYS_setresgid, real, effective, saved);

    /// <summary>The previous id, whether or not it changed: ask again with uint.MaxValue to know.</summary>
    public static uint setfsuid(uint uid) => (uint)Call(SYS_setfsuid, uid);

    /// <inheritdoc cref="setfsuid"/>
    public static uint setfsgid(uint gid) => (uint)Call(SYS_setfsgid, gid);

    /// <summary>How many groups there are; size 0 only counts.</summary>
    public static int getgroups(int size, uint* list) => (int)Call(SYS_getgroups, size, (long)list);

    public static int setgroups(int size, uint* list) => (int)Call(SYS_setgroups, size, (long)list);

    public static int capget(__user_cap_header_struct* header, __user_cap_data_struct* data) =>
        (int)Call(SYS_capget, (long)header, (long)data);

    public static int capset(__user_cap_header_struct* header, __user_cap_data_struct* data) =>
        (int)Call(SYS_capset, (long)header, (long)data);
}
