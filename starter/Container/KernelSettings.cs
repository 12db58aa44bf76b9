using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>SetSysctl, SetHostname and SetDomainname: only in namespaces that are the container's own.</summary>
internal static unsafe class KernelSettings
{
    // The sysctls of the ipc namespace, separated by blanks. Those of mqueue, net and user are whole directories.
    private static ReadOnlySpan<byte> IpcKeys =>
        "kernel/msgmax kernel/msgmnb kernel/msgmni kernel/sem kernel/shmall kernel/shmmax kernel/shmmni kernel/shm_rmid_forced"u8;

    public static bool Sysctl(ref SetSysctl request)
    {
        if (!WellFormed(request.Key))
            return Failure.Refuse("sysctl"u8, request.Key, "not a key"u8);
        ulong kind = NamespaceOf(request.Key);
        if (kind == 0)
            return Failure.Refuse("sysctl"u8, request.Key, "the whole machine's, not a namespace's"u8);
        if (!ContainerStage.Owns(kind))
            return Failure.Refuse("sysctl"u8, request.Key, "the namespace that it belongs to is the host's"u8);

        byte* buffer = stackalloc byte[PATH_MAX];
        TextBuilder path = new TextBuilder(buffer, PATH_MAX);
        path.Append("sys/"u8);
        path.Append(new ReadOnlySpan<byte>(request.Key.At, request.Key.Length));
        if (path.Overflowed)
            return Failure.Call("openat2"u8, request.Key, -ENAMETOOLONG);

        int proc = PrivateProc.Open();
        if (proc < 0)
            return false;
        ReadOnlySpan<byte> value = new ReadOnlySpan<byte>(request.Value.At, request.Value.Length);
        bool done = PrivateProc.Write(proc, new Text(path.Text, path.Length), value);
        Sys.close(proc);
        return done;
    }

    public static bool Hostname(ref SetName request)
    {
        if (!ContainerStage.Owns(CLONE_NEWUTS))
            return Failure.Refuse("sethostname"u8, request.Name, "the uts namespace is the host's"u8);
        int result = Sys.sethostname(request.Name.At, (ulong)request.Name.Length);
        return result >= 0 || Failure.Call("sethostname"u8, request.Name, result);
    }

    public static bool Domainname(ref SetName request)
    {
        if (!ContainerStage.Owns(CLONE_NEWUTS))
            return Failure.Refuse("setdomainname"u8, request.Name, "the uts namespace is the host's"u8);
        int result = Sys.setdomainname(request.Name.At, (ulong)request.Name.Length);
        return result >= 0 || Failure.Call("setdomainname"u8, request.Name, result);
    }

    private static ulong NamespaceOf(Text key)
    {
        ReadOnlySpan<byte> text = new ReadOnlySpan<byte>(key.At, key.Length);
        if (text.StartsWith("net/"u8))
            return CLONE_NEWNET;
        if (text.StartsWith("fs/mqueue/"u8) || NameTable.Find(IpcKeys, text) >= 0)
            return CLONE_NEWIPC;
        if (text.SequenceEqual("kernel/domainname"u8) || text.SequenceEqual("kernel/hostname"u8))
            return CLONE_NEWUTS;
        return text.StartsWith("user/"u8) ? CLONE_NEWUSER : 0UL;
    }

    // The text that is checked is the text that is opened: components of ordinary characters, none of them "." or "..".
    private static bool WellFormed(Text key)
    {
        int component = 0;
        bool onlyDots = true;
        for (int i = 0; i <= key.Length; i++)
        {
            byte c = i < key.Length ? key.At[i] : (byte)'/';
            if (c == '/')
            {
                if (component == 0 || onlyDots)
                    return false;
                component = 0;
                onlyDots = true;
                continue;
            }

            bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!letter && c != '_' && c != '-' && c != '.' && c != '@' && c != ':')
                return false;
            onlyDots &= c == '.';
            component++;
        }

        return true;
    }
}
